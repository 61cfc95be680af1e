import * as assert from 'uvu/assert';
import {
  type ConfigurableClient,
  expectRefusal,
  helper,
  pull,
  signIn,
  signInByHelper,
  signInWords,
} from './client.ts';
import type { ClientSuite } from './client-suite.ts';
import { userNames } from './scene.ts';

/** Which key opens what, and which opens nothing: the same for every client. */
export function testAccounts({ test }: ClientSuite, client: ConfigurableClient): void {
  test('after a key was rotated fails clearly, until it signs in again', async (scene) => {
    const { home, account, removeKey, tokenRequests } = scene;
    await client.configure(home);
    const old = account.addKey();
    await signIn(client, home, 'us.icr.io', old);
    const { reference } = await scene.seed('us.icr.io', account);
    await pull(client, scene, reference);
    removeKey(old);
    tokenRequests();
    await expectRefusal(client, home, reference);
    const refused = tokenRequests().filter(({ status }) => status === 401);
    assert.is(refused[0]?.userName, 'iamapikey');
    await home.fail([client.program, 'login', 'us.icr.io']);
    await signIn(client, home, 'us.icr.io', account.addKey());
    await pull(client, scene, reference);
  });

  test("after a key was rotated works again by the helper's login", async (scene) => {
    const { home, account, removeKey } = scene;
    await client.configure(home);
    const old = account.addKey();
    await signInByHelper(home, old);
    const { reference } = await scene.seed('us.icr.io', account);
    removeKey(old);
    await expectRefusal(client, home, reference);
    await signInByHelper(home, account.addKey());
    await pull(client, scene, reference);
  });

  test('keeps two accounts apart, each on its own host', async (scene) => {
    const { home, account, addAccount, tokenRequests } = scene;
    await client.configure(home);
    const other = addAccount();
    await signInByHelper(home, account.addKey(), 'us.icr.io');
    await signIn(client, home, 'de.icr.io', other.addKey());
    await pull(client, scene, (await scene.seed('us.icr.io', account)).reference);
    await pull(client, scene, (await scene.seed('de.icr.io', other)).reference);
    await expectRefusal(client, home, (await scene.seed('us.icr.io', other)).reference);
    await expectRefusal(client, home, (await scene.seed('de.icr.io', account)).reference);
    assert.equal(userNames(tokenRequests()), ['iamapikey']);
  });

  test('does not keep a key that the registry refused', async (scene) => {
    const { home, account, removeKey } = scene;
    await client.configure(home);
    const key = account.addKey();
    removeKey(key);
    await home.fail(signInWords(client, 'us.icr.io'), key);
    await home.fail([helper, 'get'], 'us.icr.io');
  });

  test('pulls a public image without a credential', async (scene) => {
    const { home, addAccount, tokenRequests } = scene;
    await client.configure(home);
    const { reference } = await scene.seed('icr.io', addAccount({ public: true }));
    await pull(client, scene, reference);
    assert.equal(userNames(tokenRequests()), [undefined]);
  });
}
