import * as assert from 'uvu/assert';
import { helper, loginWithHelper } from './client.ts';
import { clientSuite } from './client-suite.ts';
import type { Scene } from './scene.ts';
import { withTwoAccounts } from './two-accounts.ts';

const suite = clientSuite('cosign', ['cosign', 'docker-registry']);

/** Signs an image with a new key, without a transparency log. */
async function sign({ home }: Scene, reference: string): Promise<void> {
  home.env.COSIGN_PASSWORD = '';
  await home.succeed(['cosign', 'generate-key-pair']);
  const local = ['--tlog-upload=false', '--use-signing-config=false', '--yes'];
  await home.succeed(['cosign', 'sign', '--key', 'cosign.key', ...local, reference]);
  const verify = ['cosign', 'verify', '--key', 'cosign.pub', '--insecure-ignore-tlog'];
  assert.match((await home.succeed([...verify, reference])).stdout, /critical/);
}

suite.test("signs, verifies and copies with the helper's login and configure", async (scene) => {
  const { home, account, stored } = scene;
  await loginWithHelper(home, account.addKey());
  await home.succeed([helper, 'configure']);
  const { reference } = await scene.seed('us.icr.io', account);
  await sign(scene, reference);
  const copy = reference.replace('us.', 'de.');
  await home.succeed(['cosign', 'copy', reference, copy]);
  assert.is(stored(copy)?.digest, stored(reference)?.digest);
});

suite.test('uses two accounts on one host, by names of the helper', (scene) =>
  withTwoAccounts(scene, async ([own, others]) => {
    const { home } = scene;
    const as = (identity: string) =>
      home.write('.docker/config.json', { credHelpers: { 'us.icr.io': `icr-${identity}` } });
    as(others.identity);
    await home.fail(['cosign', 'copy', own.reference, own.reference.replace(/:\w+$/, ':2')]);
    await sign(scene, others.reference);
    as(own.identity);
    await home.succeed(['cosign', 'copy', own.reference, own.reference.replace(/:\w+$/, ':2')]);
  }),
);

suite.run();
