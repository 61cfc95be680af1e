import * as assert from 'uvu/assert';
import {
  type ConfigurableClient,
  expectUnauthorized,
  login,
  loginWithHelper,
  logoutCommand,
  pull,
} from './client.ts';
import type { ClientSuite } from './client-suite.ts';
import { type Scene, userNames } from './scene.ts';

/** A client without a store of images: it pushes from an OCI layout, and copies between registries. */
interface CopyingClient {
  readonly client: ConfigurableClient;
  pushWords(folder: string, reference: string): readonly string[];
  copyWords(from: string, to: string): readonly string[];
}

/** Uses each command that needs a credential; returns a reference that can be pulled. */
async function useRegistries(copying: CopyingClient, scene: Scene): Promise<string> {
  const { home, account, stored } = scene;
  const { image, source } = await scene.layout();
  const folder = source.replace(/^oci:|:1$/g, '');
  const pushed = `us.icr.io/${account.namespace}/pushed:1`;
  await home.succeed(copying.pushWords(folder, pushed));
  assert.is(stored(pushed)?.config, image.config.digest);
  const { reference, image: seeded } = await scene.seed('us.icr.io', account);
  await pull(copying.client, scene, reference);
  const copy = reference.replace('us.', 'de.');
  await home.succeed(copying.copyWords(reference, copy));
  assert.is(stored(copy)?.config, seeded.config.digest);
  assert.equal(userNames(scene.tokenRequests()), ['iamapikey']);
  scene.assertNoSecretLeft();
  return reference;
}

/** Adds tests of a client that reads Docker's file. */
export function testPushAndCopy({ test }: ClientSuite, copying: CopyingClient): void {
  const { client } = copying;

  test("pulls, pushes and copies with the helper's login and configure", async (scene) => {
    await loginWithHelper(scene.home, scene.account.addKey());
    await client.configure(scene.home);
    await useRegistries(copying, scene);
  });

  test('logs in and out', async (scene) => {
    const { home, account, tokenRequests } = scene;
    await client.configure(home);
    const key = account.addKey();
    for (const host of ['us.icr.io', 'de.icr.io']) await login(client, home, host, key);
    const reference = await useRegistries(copying, scene);
    await home.succeed(logoutCommand(client, 'us.icr.io'));
    await expectUnauthorized(client, home, reference);
    assert.equal(userNames(tokenRequests()), [undefined]);
  });

  test('works with the helper as credsStore', async (scene) => {
    const { home, account } = scene;
    home.write('.docker/config.json', { credsStore: 'icr' });
    await loginWithHelper(home, account.addKey());
    await useRegistries(copying, scene);
  });
}
