import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { stoppedCommand } from '../support/bundle.ts';
import { credential } from '../support/helper.ts';
import { filesWith, type Keychains, keyNamed, withKeychains } from './store-keychains.ts';

const test = suite('secrets left by killed commands');

/** Kills a login between writing and renaming the secret. */
function killedLogin({ home, folder }: Keychains, words: string): void {
  const env = { ...home.env, PATH: `${folder}:/usr/bin:/bin`, RACE_SIGNAL: 'SIGKILL' };
  const args = ['1', 'login', ...words.split(' '), '--api-key-stdin', '--no-verify'];
  const { signal } = spawnSync(stoppedCommand(), args, { env, input: keyNamed('killed') });
  assert.is(signal, 'SIGKILL');
  assert.is(filesWith(home, 'canary-killed').length, 1);
}

const rows: readonly (readonly [words: string, removal: string])[] = [
  ['us.icr.io', 'logout us.icr.io'],
  ['us.icr.io', 'logout'],
  ['icr.io --identity work', 'logout --identity work'],
  ['icr.io --identity other', 'logout'],
  ['icr.io --identity work', 'store move osxkeychain'],
  ['icr.io --identity work', 'store move file'],
];
for (const [words, removal] of rows) {
  test(`login ${words}, killed: ${removal} removes the temporary file`, () =>
    withKeychains((keychains) => {
      keychains.addStandIn('osxkeychain');
      keychains.call('login --identity work --api-key-stdin --no-verify', keyNamed('work'));
      killedLogin(keychains, words);
      keychains.say(removal);
      assert.equal(filesWith(keychains.home, 'canary-killed'), []);
    }));
}

// The settings select a keychain, but files contain secrets that older versions wrote with damaged settings.
const stale = { 'hosts/us.icr.io.json': 'us.icr.io', 'identities/work.json': 'work' };
for (const [removal, left] of [
  ['erase', ['identities/work.json']],
  ['logout us.icr.io', ['identities/work.json']],
  ['logout --identity work', ['hosts/us.icr.io.json']],
  ['logout', []],
] as const) {
  test(`with a keychain: ${removal} also removes the secret in files`, () =>
    withKeychains((keychains) => {
      const { home, call, addStandIn, say } = keychains;
      addStandIn('osxkeychain');
      call('login --identity work --api-key-stdin --no-verify', keyNamed('work'));
      say('store move osxkeychain');
      call('store', credential('us.icr.io', 'other', keyNamed('host')));
      for (const [name, host] of Object.entries(stale)) {
        const file = path.join(home.config, name);
        fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
        fs.writeFileSync(file, credential(host, 'x', keyNamed('stale')), { mode: 0o600 });
      }
      call(removal, removal === 'erase' ? 'us.icr.io' : '');
      assert.equal(filesWith(home, 'canary-stale'), [...left]);
    }));
}

test('with a keychain and damaged settings: store writes no file', () =>
  withKeychains(({ home, call, addStandIn, say }) => {
    addStandIn('osxkeychain');
    say('store move osxkeychain');
    fs.writeFileSync(path.join(home.config, 'config.json'), '{"store":"osxkeychain"');
    const { stdout, status } = call('store', credential('us.icr.io', 'x', keyNamed('stored')));
    assert.match(stdout, /the settings in \S+ are damaged; fix that file/);
    assert.is(status, 1);
    assert.equal(filesWith(home, 'canary'), []);
  }));

test.run();
