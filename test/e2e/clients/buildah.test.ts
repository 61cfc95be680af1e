import { testContainersClient } from './containers-tests.ts';
import type { Home } from './home.ts';

async function fetchImage(home: Home, source: string): Promise<string> {
  return (await home.succeed(['buildah', 'pull', '--quiet', source])).stdout.trim();
}

testContainersClient({
  program: 'buildah',
  async push(home, source, reference) {
    const id = await fetchImage(home, source);
    await home.succeed(['buildah', 'push', id, `docker://${reference}`]);
    await home.succeed(['buildah', 'rmi', '--force', id]);
  },
  pullWords: (_, reference) => ['buildah', 'pull', '--quiet', '--policy=always', reference],
  async pulledDigest(home, reference) {
    const format = '{{.FromImageDigest}}';
    const words = ['buildah', 'inspect', '--type', 'image', '--format', format, reference];
    return (await home.succeed(words)).stdout.trim();
  },
  async copy(home, from, to) {
    await fetchImage(home, from);
    await home.succeed(['buildah', 'push', from, `docker://${to}`]);
  },
  buildWords: (folder, tag) => [
    'buildah',
    'build',
    ...['--network', 'host', '--isolation', 'chroot', '--pull-always', '--tag', tag, folder],
  ],
  async inspect(home, reference) {
    // Adding an image to a manifest list fetches only its manifest.
    await home.succeed(['buildah', 'manifest', 'create', 'list']);
    await home.succeed(['buildah', 'manifest', 'add', 'list', `docker://${reference}`]);
    const { stdout } = await home.succeed(['buildah', 'manifest', 'inspect', 'list']);
    return JSON.parse(stdout).manifests[0].digest;
  },
}).run();
