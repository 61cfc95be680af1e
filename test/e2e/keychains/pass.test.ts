import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { answer, credential } from '../../support/helper.ts';
import type { Home } from '../../support/home.ts';
import { keychainSuite, unlockCommand } from './keychain.ts';
import { key, login, testKeychain } from './keychain-tests.ts';

const owner = 'Canary <canary@example.com>';

/** Runs a program of GnuPG or pass in this home directory. */
function run({ folder, env }: Home, program: string, ...words: string[]): void {
  const { status, stderr } = spawnSync(program, words, { cwd: folder, env, encoding: 'utf8' });
  assert.is(status, 0, `${program}: ${stderr}`);
}

/** Creates a temporary key, by default without a passphrase, and an agent for this home directory. */
async function open(home: Home, passphrase = '') {
  fs.mkdirSync(path.join(home.folder, '.gnupg'), { mode: 0o700 });
  // Without it, each agent measures for which count the machine takes 100 ms.
  fs.writeFileSync(path.join(home.folder, '.gnupg/gpg-agent.conf'), 's2k-count 65536\n');
  const quiet = ['--batch', '--quiet', '--pinentry-mode', 'loopback', '--passphrase', passphrase];
  run(home, 'gpg', ...quiet, '--quick-gen-key', owner, 'future-default', 'default', 'never');
  run(home, 'pass', 'init', 'canary@example.com');
  // The first encryption would print messages about the trust database.
  run(home, 'gpg', '--quiet', '--batch', '--check-trustdb');
  return { env: {}, close: () => stopAgent(home) };
}

/** Stops the agent and waits for its exit: gpg could still connect to an agent that is about to exit. */
async function stopAgent(home: Home): Promise<void> {
  const words = ['--no-autostart', 'getinfo pid', '/bye'];
  const { stdout } = spawnSync('gpg-connect-agent', words, { env: home.env, encoding: 'utf8' });
  run(home, 'gpgconf', '--kill', 'all');
  const [, pid] = /^D (\d+)$/m.exec(stdout) ?? [];
  while (pid !== undefined && fs.existsSync(`/proc/${pid}`)) await sleep(5);
}

const keychains = keychainSuite({ name: 'pass', programs: ['pass', 'gpg'], open });
const { test } = keychains;

testKeychain(test, 'pass');

test('not initialized: login uses the file store, and --store pass fails', async (keychain) => {
  const { home, call, say } = keychain;
  fs.rmSync(path.join(home.folder, '.password-store'), { recursive: true });
  const { stdout, stderr, status } = await call(`${login} --store pass`, key);
  assert.is(stdout, '');
  assert.match(stderr, /: pass failed: .*pass.*\nhint: unlock it if it is locked/);
  assert.is(status, 1);
  assert.match(await say(login, key), ' (not encrypted)\n');
});

test('PASSWORD_STORE_DIR and GNUPGHOME are passed to the helper', async ({ home, call }) => {
  const moved = path.join(home.folder, 'elsewhere');
  fs.renameSync(path.join(home.folder, '.password-store'), moved);
  const env = { PASSWORD_STORE_DIR: moved, GNUPGHOME: path.join(home.folder, '.gnupg') };
  assert.match((await call(login, key, env)).stdout, 'API key saved in pass\n');
  assert.is((await call('get', 'us.icr.io', env)).stdout, answer('us.icr.io', 'iamapikey', key));
});

test('locked later: the error of get contains the store', async (keychain) => {
  const { home, call, say, run: runHere } = keychain;
  await say(login, key);
  await stopAgent(home);
  pullKey(home);
  const { stdout, stderr, status } = await call('get', 'us.icr.io');
  assert.match(stdout, /^us\.icr\.io: .*pass.*\n$/);
  assert.is(status, 1);
  assert.not.match(stdout + stderr, 'canary-key');
  const list = await runHere(['docker-credential-pass', 'list']);
  assert.is(list.status, 0);
});

/** Removes the secret key, like a smart card. */
function pullKey({ folder }: Home): void {
  fs.renameSync(path.join(folder, '.gnupg', 'private-keys-v1.d'), path.join(folder, 'pulled'));
}

/** Asks as a pinentry: cancels the prompt until the passphrase is known. */
const pinentry = `#!/bin/sh
echo OK
while read -r command rest; do
  case "$command" in
    GETPIN) if [ -s "$HOME/typed" ]; then echo "D $(cat "$HOME/typed")"; else echo 'ERR 83886179 cancelled'; continue; fi ;;
    BYE) echo OK; exit ;;
  esac
  echo OK
done
`;

test('locked agent: the command in the hint unlocks it, also if the store is empty', async ({
  home,
  call,
  say,
  run: runHere,
}) => {
  const { folder } = home;
  await stopAgent(home);
  for (const name of ['.gnupg', '.password-store'])
    fs.rmSync(path.join(folder, name), { recursive: true });
  const { close } = await open(home, 'canary-passphrase');
  try {
    const program = path.join(folder, 'pinentry');
    fs.writeFileSync(program, pinentry, { mode: 0o700 });
    fs.appendFileSync(path.join(folder, '.gnupg/gpg-agent.conf'), `pinentry-program ${program}\n`);
    const forget = async () => {
      await stopAgent(home);
      fs.writeFileSync(path.join(folder, 'typed'), '');
    };
    const follow = async (message: string) => {
      fs.writeFileSync(path.join(folder, 'typed'), 'canary-passphrase\n');
      // Without a terminal, tty fails.
      const command = unlockCommand(message).replace('$(tty)', '/dev/null');
      const { status, stderr } = await runHere(['bash', '-c', command]);
      assert.is(status, 0, stderr);
      fs.writeFileSync(path.join(folder, 'typed'), '');
    };
    await forget();
    const refused = await call(`${login} --store pass`, key);
    assert.is(refused.status, 1);
    await follow(refused.stderr);
    assert.match(await say(`${login} --store pass`, key), 'API key saved in pass\n');
    assert.is(await say('get', 'us.icr.io'), answer('us.icr.io', 'iamapikey', key));
    await forget();
    const { stdout, status } = await call('get', 'us.icr.io');
    assert.is(status, 1);
    await follow(stdout);
    assert.is(await say('get', 'us.icr.io'), answer('us.icr.io', 'iamapikey', key));
  } finally {
    await close();
  }
});

test('locked before the first login: login uses the file store and leaves nothing in pass', async (keychain) => {
  const { home, call, listed } = keychain;
  await stopAgent(home);
  pullKey(home);
  const { stdout, stderr } = await call(login, key);
  assert.match(stdout, ' (not encrypted)\n');
  assert.match(stderr, /pass is not used: pass failed: /);
  assert.equal(await listed(), {});
});

test('unusable key: store fails, and list still returns the other secrets', async (keychain) => {
  const { home, say, call, listed } = keychain;
  await say(login, key);
  fs.writeFileSync(path.join(home.folder, '.password-store', '.gpg-id'), 'nobody@example.com\n');
  const { stdout, status } = await call('store', credential('registry.example', 'me'));
  assert.match(stdout, /^pass failed: .*encryption.*\n$/i);
  assert.is(status, 1);
  assert.equal(Object.keys(await listed()), ['https://docker-credential-icr/identity/default']);
});

test('missing password store, as on an unmounted disk: no secret is moved or deleted', async (keychain) => {
  const { home, say, call } = keychain;
  await say(login, key);
  const place = path.join(home.folder, '.password-store');
  fs.renameSync(place, `${place}.away`);
  const { stderr, status } = await call('store move file');
  assert.match(
    stderr,
    /pass does not return the secret of default\nhint: unlock it and try again, or run/,
  );
  assert.is(status, 1);
  const get = await call('get', 'us.icr.io');
  assert.match(get.stdout, /^us\.icr\.io: pass has no secret for identity default; unlock pass/);
  for (const words of ['logout', 'logout us.icr.io', 'logout --identity default']) {
    const logout = await call(words);
    assert.match(logout.stderr, /pass (does not return the secret of default|failed)/, words);
    assert.is(logout.status, 1);
  }
  await say('map us.icr.io default');
  fs.renameSync(`${place}.away`, place);
  assert.is(await say('get', 'us.icr.io'), answer('us.icr.io', 'iamapikey', key));
});

keychains.run();
