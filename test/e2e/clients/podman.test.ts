import { testContainersClient } from './containers-tests.ts';
import type { Home } from './home.ts';

/** Returns the image's ID in podman. The source is a layout, an archive or a registry. */
async function fetchImage(home: Home, source: string): Promise<string> {
  return (await home.succeed(['podman', 'pull', '--quiet', source])).stdout.trim();
}

testContainersClient({
  program: 'podman',
  async push(home, source, reference) {
    const id = await fetchImage(home, source);
    await home.succeed(['podman', 'push', id, `docker://${reference}`]);
    await home.succeed(['podman', 'rmi', '--force', id]);
  },
  pullWords: (_, reference) => ['podman', 'pull', '--quiet', reference],
  async pulledDigest(home, reference) {
    const words = ['podman', 'image', 'inspect', '--format', '{{.Digest}}', reference];
    return (await home.succeed(words)).stdout.trim();
  },
  async copy(home, from, to) {
    await fetchImage(home, from);
    await home.succeed(['podman', 'push', from, `docker://${to}`]);
  },
  buildWords: (folder, tag) => [
    'podman',
    'build',
    ...['--network', 'host', '--isolation', 'chroot', '--pull-always', '--tag', tag, folder],
  ],
  async inspect(home, reference) {
    // Adding an image to a manifest list fetches only its manifest.
    await home.succeed(['podman', 'manifest', 'create', 'list']);
    await home.succeed(['podman', 'manifest', 'add', 'list', `docker://${reference}`]);
    const { stdout } = await home.succeed(['podman', 'manifest', 'inspect', 'list']);
    return JSON.parse(stdout).manifests[0].digest;
  },
}).run();
