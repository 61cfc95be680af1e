import { spawn } from 'node:child_process';
import * as assert from 'uvu/assert';
import { answer, credential } from '../../support/helper.ts';
import type { Home } from '../../support/home.ts';
import { end, keychainSuite, unlockCommand } from './keychain.ts';
import { key, login, testKeychain } from './keychain-tests.ts';

/**
 * Starts a D-Bus session with an unlocked keyring. Both exit with the shell, when its standard input is closed. A
 * program that requests the keyring too early would get another one, which is locked.
 */
const session = (options: string) => `
printf canary-password | gnome-keyring-daemon --foreground ${options} --components=secrets >/dev/null 2>&1 &
until dbus-send --session --print-reply --dest=org.freedesktop.DBus / \\
  org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets | grep -q true; do sleep 0.05; done
echo "$DBUS_SESSION_BUS_ADDRESS"
cat
kill $!
wait`;

async function open(home: Home, options = '--unlock') {
  const child = spawn('dbus-run-session', ['--', 'sh', '-c', session(options)], {
    cwd: home.folder,
    env: home.env,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const address = await firstLine(child.stdout);
  return { env: { DBUS_SESSION_BUS_ADDRESS: address }, close: () => end(child) };
}

function firstLine(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  return new Promise((resolve, reject) => {
    stream.setEncoding('utf8');
    stream.on('data', (more) => {
      text += more;
      if (text.includes('\n')) resolve(text.trim());
    });
    stream.once('end', () => reject(new Error('the session did not come up')));
  });
}

const programs = ['dbus-run-session', 'dbus-send', 'gnome-keyring-daemon'];
const keychains = keychainSuite({ name: 'secretservice', programs, open });
const { test } = keychains;

testKeychain(test, 'secretservice');

const lock = [
  'dbus-send',
  ...['--session', '--print-reply', '--dest=org.freedesktop.secrets'],
  '/org/freedesktop/secrets',
  'org.freedesktop.Secret.Service.Lock',
  'array:objpath:/org/freedesktop/secrets/collection/login',
];

test('locked: the errors of get and login contain the store, and list succeeds', async (keychain) => {
  const { run: runHere, say, call } = keychain;
  await say(login, key);
  const locked = await runHere(lock);
  assert.is(locked.status, 0, locked.stderr);
  const { stdout, status } = await call('get', 'us.icr.io');
  assert.match(stdout, /^us\.icr\.io: .*secretservice.*; unlock it/);
  assert.match(stdout, /^[^\n]*\n$/);
  assert.is(status, 1);
  const list = await call('list');
  assert.is(list.status, 0);
  const again = await call(login, key);
  assert.is(again.status, 1);
  assert.match(again.stderr, /secretservice/);
  assert.not.match(stdout + list.stdout + again.stdout + again.stderr, 'canary-key');
});

test('locked: the command in the hint unlocks it', async (keychain) => {
  const { run: runHere, say, call } = keychain;
  await say(login, key);
  await runHere(lock);
  const { stdout } = await call('get', 'us.icr.io');
  const unlocked = await runHere(['bash', '-c', unlockCommand(stdout)], 'canary-password\n');
  assert.is(unlocked.status, 0, unlocked.stderr);
  assert.is(await say('get', 'us.icr.io'), answer('us.icr.io', 'iamapikey', key));
});

test('locked: erase and logout report that the secret was not deleted', async (keychain) => {
  const { run: runHere, say, call, listed } = keychain;
  await say(login, key);
  await say('store', credential('registry.example', 'me'));
  await runHere(lock);
  const erase = await call('erase', 'registry.example');
  assert.match(erase.stdout, /^secretservice still has the secret of .*; unlock it .*\n$/);
  assert.is(erase.status, 1);
  const logout = await call('logout');
  assert.match(logout.stderr, /secretservice still has the secret of default\nhint: unlock it/);
  assert.is(logout.status, 1);
  assert.is(Object.keys(await listed()).length, 2);
});

test('restarted and still locked: no existing secret is forgotten', async (keychain) => {
  const { home, say, call } = keychain;
  await say(login, key);
  await call('store', credential('de.icr.io', 'iamapikey', 'canary-german'));
  const again = await open(home, '');
  try {
    for (const [words, input] of [
      ['erase', 'de.icr.io'],
      ['logout', ''],
      ['logout de.icr.io', ''],
      ['logout --identity default', ''],
      ['store move file', ''],
    ] as const) {
      const { stdout, stderr, status } = await call(words, input, again.env);
      assert.match(stdout + stderr, /secretservice (failed|does not return|still has)/, words);
      assert.is(status, 1, words);
    }
    const { stdout } = await call('get', 'us.icr.io', again.env);
    assert.match(stdout, /^us\.icr\.io: .*secretservice .*; unlock /);
  } finally {
    await again.close();
  }
  assert.is(await say('get', 'us.icr.io'), answer('us.icr.io', 'iamapikey', key));
});

test('locked before the first login: login uses the file store and prints the reason', async (keychain) => {
  const { run: runHere, call } = keychain;
  await runHere(lock);
  const { stdout, stderr, status } = await call(login, key);
  assert.is(status, 0);
  assert.match(stdout, ' (not encrypted)\n');
  assert.match(stderr, /secretservice is not used: /);
  assert.is((await call('get', 'us.icr.io')).stdout, answer('us.icr.io', 'iamapikey', key));
});

test('dead session bus: login does not wait for its timeout', async (keychain) => {
  const { call } = keychain;
  const env = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent/bus' };
  const began = performance.now();
  const { stdout } = await call(login, key, env);
  assert.match(stdout, ' (not encrypted)\n');
  // Without a limit of its own, it would wait for the bus for 25 s.
  assert.ok(performance.now() - began < 20_000);
});

test('session ended: the error of get contains the store', async ({ say, call }) => {
  await say(login, key);
  const env = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent/bus' };
  const { stdout, status } = await call('get', 'us.icr.io', env);
  assert.match(stdout, /^us\.icr\.io: .*secretservice/);
  assert.is(status, 1);
});

keychains.run();
