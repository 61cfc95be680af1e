import * as assert from 'uvu/assert';
import {
  type ConfigurableClient,
  expectFailure,
  expectUnauthorized,
  helper,
  login,
  loginAgain,
  loginCommand,
  loginWithHelper,
  logoutCommand,
  pull,
} from './client.ts';
import type { ClientSuite } from './client-suite.ts';
import { userNames } from './scene.ts';

/** Adds the tests of API keys and accounts. They are the same for all clients. */
export function testAccounts({ test }: ClientSuite, client: ConfigurableClient): void {
  test('fails after the key was deleted, until a new login', async (scene) => {
    const { home, account, removeKey, tokenRequests } = scene;
    await client.configure(home);
    const old = account.addKey();
    await login(client, home, 'us.icr.io', old);
    const { reference } = await scene.seed('us.icr.io', account);
    await pull(client, scene, reference);
    removeKey(old);
    tokenRequests();
    await expectUnauthorized(client, home, reference);
    const refused = tokenRequests().filter(({ status }) => status === 401);
    assert.is(refused[0]?.userName, 'iamapikey');
    if (client.canLoginAgain !== false) await home.fail([client.program, 'login', 'us.icr.io']);
    await login(client, home, 'us.icr.io', account.addKey());
    await pull(client, scene, reference);
  });

  test("works again with the helper's login after the key was deleted", async (scene) => {
    const { home, account, removeKey } = scene;
    await client.configure(home);
    const old = account.addKey();
    await loginWithHelper(home, old);
    const { reference } = await scene.seed('us.icr.io', account);
    removeKey(old);
    await expectUnauthorized(client, home, reference);
    await loginWithHelper(home, account.addKey());
    await pull(client, scene, reference);
  });

  test('uses a separate account for each host', async (scene) => {
    const { home, account, addAccount, tokenRequests } = scene;
    await client.configure(home);
    const other = addAccount();
    await loginWithHelper(home, account.addKey(), 'us.icr.io');
    await login(client, home, 'de.icr.io', other.addKey());
    await pull(client, scene, (await scene.seed('us.icr.io', account)).reference);
    await pull(client, scene, (await scene.seed('de.icr.io', other)).reference);
    await expectUnauthorized(client, home, (await scene.seed('us.icr.io', other)).reference);
    await expectUnauthorized(client, home, (await scene.seed('de.icr.io', account)).reference);
    assert.equal(userNames(tokenRequests()), ['iamapikey']);
  });

  test('uses two accounts on one host through the name of the helper', async (scene) => {
    const { home, account, addAccount, removeKey } = scene;
    await client.configure(home);
    const other = addAccount();
    await loginWithHelper(home, account.addKey());
    const own = (await scene.seed('us.icr.io', account)).reference;
    const others = (await scene.seed('us.icr.io', other)).reference;
    await pull(client, scene, own);
    // The link is beside the executable, where all tests of this run create theirs.
    const identity = other.namespace;
    const configure = [helper, 'configure', '--client', 'all', '--identity', identity];
    try {
      await home.succeed([...configure, '--host', 'us.icr.io']);
      await expectFailure(client, home, own);
      // podman calls `get` before a login, and does not continue after another error than "not found".
      const first = other.addKey();
      await home.succeed([helper, 'login', '--identity', identity, '--api-key-stdin'], first);
      await pull(client, scene, others);
      removeKey(first);
      await login(client, home, 'us.icr.io', other.addKey());
      await loginAgain(client, home, 'us.icr.io');
      await pull(client, scene, (await scene.seed('us.icr.io', other)).reference);
      await expectUnauthorized(client, home, (await scene.seed('us.icr.io', account)).reference);
      home.env.DOCKER_CREDENTIAL_ICR_API_KEY = account.addKey();
      await pull(client, scene, (await scene.seed('us.icr.io', other)).reference);
      delete home.env.DOCKER_CREDENTIAL_ICR_API_KEY;
      await home.succeed(logoutCommand(client, 'us.icr.io'));
      await expectUnauthorized(client, home, (await scene.seed('us.icr.io', other)).reference);
      await home.fail([`${helper}-${identity}`, 'get'], 'us.icr.io');
      await home.succeed([helper, 'get'], 'us.icr.io');
    } finally {
      await home.succeed([...configure, '--remove']);
    }
    await client.configure(home);
    await pull(client, scene, (await scene.seed('us.icr.io', account)).reference);
  });

  const verifies = client.verifiesLogin !== false;
  test(`${verifies ? 'does not store' : 'stores'} a key that the registry rejected`, async (scene) => {
    const { home, account, removeKey } = scene;
    await client.configure(home);
    const key = account.addKey();
    removeKey(key);
    if (verifies) {
      await home.fail(loginCommand(client, 'us.icr.io'), key);
      await home.fail([helper, 'get'], 'us.icr.io');
    } else {
      await login(client, home, 'us.icr.io', key);
      await expectUnauthorized(client, home, (await scene.seed('us.icr.io', account)).reference);
    }
  });

  test('pulls a public image without a credential', async (scene) => {
    const { home, addAccount, tokenRequests } = scene;
    await client.configure(home);
    const { reference } = await scene.seed('icr.io', addAccount({ public: true }));
    await pull(client, scene, reference);
    assert.equal(userNames(tokenRequests()), [undefined]);
  });
}
