import { testContainersClient } from './containers-tests.ts';
import type { Home } from './home.ts';
import { layoutDigest } from './oci-layout.ts';

function pulledTo(home: Home, reference: string): string {
  return home.file('images', reference.replaceAll(/\W/g, '-'));
}

testContainersClient({
  program: 'skopeo',
  async push(home, source, reference) {
    await home.succeed(['skopeo', 'copy', source, `docker://${reference}`]);
  },
  pullWords: (home, reference) => [
    'skopeo',
    'copy',
    `docker://${reference}`,
    `oci:${pulledTo(home, reference)}:1`,
  ],
  pulledDigest: (home, reference) => Promise.resolve(layoutDigest(pulledTo(home, reference))),
  async copy(home, from, to) {
    await home.succeed(['skopeo', 'copy', `docker://${from}`, `docker://${to}`]);
  },
  async inspect(home, reference) {
    const { stdout } = await home.succeed(['skopeo', 'inspect', `docker://${reference}`]);
    return JSON.parse(stdout).Digest;
  },
}).run();
