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
  pullWords: (_, reference) => ['buildah', 'pull', '--quiet', reference],
  async pulledDigest(home, reference) {
    const format = '{{.FromImageDigest}}';
    const words = ['buildah', 'inspect', '--type', 'image', '--format', format, reference];
    return (await home.succeed(words)).stdout.trim();
  },
  async copy(home, from, to) {
    await fetchImage(home, from);
    await home.succeed(['buildah', 'push', from, `docker://${to}`]);
  },
  async inspect(home, reference) {
    return (await home.succeed(['buildah', 'manifest', 'inspect', reference])).stdout;
  },
  inspected: (_, image) => image.config.digest,
});
