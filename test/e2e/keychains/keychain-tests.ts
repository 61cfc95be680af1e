import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { answer, credential } from '../../support/helper.ts';
import type { Keychain, KeychainTest } from './keychain.ts';

/** 44 characters, as IBM's keys have. */
export const key = 'canary-key-'.padEnd(44, '0');
export const login = 'login --no-verify --api-key-stdin';
const hub = 'https://index.docker.io/v1/';
const notFound = 'credentials not found in native keychain\n';

/** Checks that no file in the home directory contains a secret as plain text. */
function expectNoPlainSecret({ home }: Keychain): void {
  const files = fs
    .readdirSync(home.folder, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(home.folder, name))
    .filter((file) => fs.lstatSync(file).isFile())
    .filter((file) => fs.readFileSync(file, 'latin1').includes('canary-'));
  assert.equal(files, []);
}

/** Adds the tests that are the same for all keychains. */
export function testKeychain(test: KeychainTest, name: string): void {
  test('is selected and saved by the first login', async (keychain) => {
    const { say, home } = keychain;
    assert.match(await say(login, key), new RegExp(`^API key saved in ${name}\n`));
    const settings = JSON.parse(fs.readFileSync(path.join(home.config, 'config.json'), 'utf8'));
    assert.is(settings.store, name);
    assert.is(await say('get', 'us.icr.io'), answer('us.icr.io', 'iamapikey', key));
    expectNoPlainSecret(keychain);
  });

  test('is used when it is named', async ({ say, listed }) => {
    assert.match(await say(`${login} --store ${name}`, key), `API key saved in ${name}\n`);
    assert.equal(Object.keys(await listed()), ['https://docker-credential-icr/identity/default']);
  });

  test('is left alone where files were asked for', async ({ say, listed }) => {
    assert.match(await say(`${login} --store file`, key), ' (not encrypted)\n');
    assert.equal(await listed(), {});
  });

  test('stores the credentials of docker login, and replaces the user name', async (keychain) => {
    const { say, call, listed } = keychain;
    await say(`${login} --store ${name} de.icr.io`, key);
    const long = `canary-${'x'.repeat(4000)}`;
    for (const [host, user, secret] of [
      ['us.icr.io', 'iamapikey', key],
      ['us.icr.io', 'iambearer', long],
      [hub, 'me', 'canary "quoted" \\ é 😀'],
      [hub, '<token>', 'canary-token'],
      [hub, 'me', 'canary-again'],
      ['registry.example:5000', 'me', 'canary-port'],
    ] as const) {
      await say('store', credential(host, user, secret));
      assert.is(await say('get', host), answer(host, user, secret));
    }
    const users = { 'de.icr.io': 'iamapikey', 'us.icr.io': 'iambearer' };
    const others = { [hub]: 'me', 'registry.example:5000': 'me' };
    assert.equal(JSON.parse(await say('list')), { ...users, ...others });
    expectNoPlainSecret(keychain);
    for (const host of [hub, 'us.icr.io', 'registry.example:5000']) {
      await say('erase', host);
      assert.is((await call('get', host)).stdout, notFound);
    }
    await say('erase', 'never.example');
    assert.is(Object.keys(await listed()).length, 1);
    await say('logout');
    assert.equal(await listed(), {});
  });

  test('store move moves all secrets to the keychain and back', async (keychain) => {
    const { say, listed } = keychain;
    await say(`${login} --store file`, key);
    await say(`${login} --identity ci`, 'canary-ci-'.padEnd(44, '1'));
    await say('store', credential(hub, 'me'));
    await say('store', credential('registry.example:5000', '<token>', 'canary-token'));
    const expectAll = async () => {
      assert.is(await say('get', 'us.icr.io'), answer('us.icr.io', 'iamapikey', key));
      assert.is(await say('get', hub), answer(hub, 'me'));
      const token = answer('registry.example:5000', '<token>', 'canary-token');
      assert.is(await say('get', 'registry.example:5000'), token);
    };
    for (const _ of [1, 2]) {
      const there = await say(`store move ${name}`);
      assert.is(there, `moved 4 secrets to ${name}\n`);
      expectNoPlainSecret(keychain);
      assert.is(Object.keys(await listed()).length, 4);
      await expectAll();
      const back = await say('store move file');
      assert.is(back, 'moved 4 secrets to file store\n');
      assert.equal(await listed(), {});
      await expectAll();
    }
  });

  test("is used for other registries if it was Docker's credsStore", async (keychain) => {
    const { say, call, listed, home } = keychain;
    const file = path.join(home.folder, '.docker', 'config.json');
    fs.mkdirSync(path.dirname(file));
    fs.writeFileSync(file, JSON.stringify({ credsStore: name }));
    await say(login, key);
    await say('configure --creds-store');
    assert.is((await call('get', hub)).stdout, notFound);
    await say('store', credential(hub, 'me', 'canary-hub'));
    assert.is((await listed())[hub], 'me');
    assert.is(await say('get', hub), answer(hub, 'me', 'canary-hub'));
    const list = JSON.parse(await say('list'));
    assert.is(list[hub], 'me');
    assert.is(list['us.icr.io'], 'iamapikey');
    assert.equal(
      Object.keys(list).filter((url) => url.includes('docker-credential-icr')),
      [],
    );
    await say('erase', hub);
    await say('erase', hub);
    assert.is((await call('get', hub)).stdout, notFound);
  });
}
