import { testAccounts } from './account-tests.ts';
import type { ConfigurableClient } from './client.ts';
import { clientSuite } from './client-suite.ts';
import { docker } from './docker-client.ts';
import { layoutDigest, pulledTo } from './oci-layout.ts';
import { testPushAndCopy } from './push-tests.ts';

const oras: ConfigurableClient = {
  program: 'oras',
  canLoginAgain: false,
  configure: docker.configure,
  pullWords: (home, reference) => [
    ...['oras', 'copy', reference],
    ...['--to-oci-layout', `${pulledTo(home.folder, reference)}:1`],
  ],
  pulledDigest: (home, reference) =>
    Promise.resolve(layoutDigest(pulledTo(home.folder, reference))),
};

const suite = clientSuite('oras', ['oras', 'docker-registry']);

testPushAndCopy(suite, {
  client: oras,
  pushWords: (folder, reference) => ['oras', 'copy', '--from-oci-layout', `${folder}:1`, reference],
  copyWords: (from, to) => ['oras', 'copy', from, to],
});

testAccounts(suite, oras);
suite.run();
