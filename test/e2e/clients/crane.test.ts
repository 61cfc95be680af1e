import * as assert from 'uvu/assert';
import { testAccounts } from './account-tests.ts';
import { type ConfigurableClient, helper, loginWithHelper, pull } from './client.ts';
import { clientSuite } from './client-suite.ts';
import { docker } from './docker-client.ts';
import { layoutDigest, pulledTo } from './oci-layout.ts';
import { testPushAndCopy } from './push-tests.ts';

const crane: ConfigurableClient = {
  program: 'crane',
  authWords: ['crane', 'auth'],
  canLoginAgain: false,
  verifiesLogin: false,
  configure: docker.configure,
  pullWords: (home, reference) => [
    ...['crane', 'pull', '--format', 'oci'],
    ...[reference, pulledTo(home.folder, reference)],
  ],
  pulledDigest: (home, reference) =>
    Promise.resolve(layoutDigest(pulledTo(home.folder, reference))),
};

const suite = clientSuite('crane', ['crane', 'docker-registry']);

testPushAndCopy(suite, {
  client: crane,
  pushWords: (folder, reference) => ['crane', 'push', folder, reference],
  copyWords: (from, to) => ['crane', 'copy', from, to],
});

suite.test('uses the mapping of a namespace if the helper is the credsStore', async (scene) => {
  const { home, account, addAccount } = scene;
  const other = addAccount();
  await home.succeed([helper, 'configure']);
  await loginWithHelper(home, account.addKey());
  const login = [helper, 'login', '--identity', 'other', '--api-key-stdin'];
  await home.succeed(login, other.addKey());
  await home.succeed([helper, 'map', `us.icr.io/${other.namespace}`, 'other']);
  const { reference } = await scene.seed('us.icr.io', other);
  // With credHelpers, crane sends the host only.
  await home.fail(crane.pullWords(home, reference));
  await home.succeed([helper, 'configure', '--remove']);
  await home.succeed([helper, 'configure', '--creds-store']);
  await pull(crane, scene, reference);
  await pull(crane, scene, (await scene.seed('us.icr.io', account)).reference);
  assert.match((await home.succeed(['crane', 'ls', reference.replace(/:\w+$/, '')])).stdout, '1');
});

testAccounts(suite, crane);
suite.run();
