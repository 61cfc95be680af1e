import { testContainersClient } from './containers-tests.ts';
import { layoutDigest, pulledTo } from './oci-layout.ts';

testContainersClient({
  program: 'skopeo',
  async push(home, source, reference) {
    await home.succeed(['skopeo', 'copy', source, `docker://${reference}`]);
  },
  pullWords: (home, reference) => [
    'skopeo',
    'copy',
    `docker://${reference}`,
    `oci:${pulledTo(home.folder, reference)}:1`,
  ],
  pulledDigest: (home, reference) =>
    Promise.resolve(layoutDigest(pulledTo(home.folder, reference))),
  async copy(home, from, to) {
    await home.succeed(['skopeo', 'copy', `docker://${from}`, `docker://${to}`]);
  },
  async inspect(home, reference) {
    const { stdout } = await home.succeed(['skopeo', 'inspect', `docker://${reference}`]);
    return JSON.parse(stdout).Digest;
  },
}).run();
