import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { answer, credential, executable } from '../support/helper.ts';
import { entryOf, filesWith, type Keychains, keyNamed, withKeychains } from './store-keychains.ts';

const test = suite('login --store');

const key = keyNamed('key');
const login = 'login --no-verify --api-key-stdin';

function settingsIn({ home }: Keychains): { store?: string } {
  const file = path.join(home.config, 'config.json');
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : {};
}

for (const name of ['osxkeychain', 'wincred', 'my-own']) {
  test(`${name}: stores identities and docker logins`, () =>
    withKeychains((keychains) => {
      const { home, say, addStandIn, kept } = keychains;
      addStandIn(name);
      assert.match(say(`${login} --store ${name}`, key), new RegExp(`^API key saved in ${name}\n`));
      assert.is(settingsIn(keychains).store, name);
      assert.is(say('get', 'us.icr.io'), answer('us.icr.io', 'iamapikey', key));
      assert.is(kept(name)[entryOf('identity', 'default')]?.Secret, key, 'a bare API key as it is');
      const stored = credential('de.icr.io', '<token>', 'canary-token');
      say('unmap *');
      say('store', credential('cp.icr.io', 'cp', 'canary-entitled'));
      say('store', stored);
      assert.is(say('get', 'de.icr.io'), `${stored}\n`);
      assert.is(say('list'), '{"cp.icr.io":"cp","de.icr.io":"<token>"}\n');
      assert.equal(filesWith(home, 'canary'), []);
      say('erase', 'de.icr.io');
      assert.is(keychains.call('get', 'de.icr.io').status, 1);
      say('logout');
      assert.equal(kept(name), {});
    }));
}

test('list: returns the spelling of the host that docker stored', () =>
  withKeychains(({ say, addStandIn }) => {
    addStandIn('osxkeychain');
    say(`${login} --store osxkeychain`, key);
    say('unmap *');
    const hub = 'https://index.docker.io/v1/';
    const hosts = [hub, `${hub}access-token`, 'registry.example:5000'];
    for (const host of hosts) say('store', credential(host, 'me'));
    assert.equal(Object.keys(JSON.parse(say('list'))).sort(), hosts.sort());
    for (const host of hosts) assert.is(say('get', host), answer(host, 'me'));
  }));

test('store: replaces the credential of another user name', () =>
  withKeychains(({ say, addStandIn, kept }) => {
    addStandIn('osxkeychain');
    say(`${login} --store osxkeychain`, key);
    for (const user of ['iamapikey', 'iambearer', '<token>', 'iamapikey']) {
      say('store', credential('registry.example', user, `canary-${user}`));
      const expected = answer('registry.example', user, `canary-${user}`);
      assert.is(say('get', 'registry.example'), expected);
    }
    const users = Object.values(kept('osxkeychain')).map(({ Username }) => Username);
    assert.equal([...new Set(users)], ['docker-credential-icr']);
  }));

test('without a keychain: login stores files, reports it and records the choice', () =>
  withKeychains((keychains) => {
    assert.match(
      keychains.say(login, key),
      /^API key saved in ~\/\.config\/docker-credential-icr \(not encrypted\)\n/,
    );
    assert.is(settingsIn(keychains).store, 'file');
    assert.equal(filesWith(keychains.home, key), ['identities/default.json']);
  }));

test('get: calls the keychain once without a probe', () =>
  withKeychains(({ say, addStandIn, calls }) => {
    addStandIn('osxkeychain');
    addStandIn('secretservice');
    say(`${login} --store osxkeychain`, key);
    assert.equal(calls(), ['store', 'get', 'erase', 'get', 'store'], 'tried, then used');
    say('get', 'us.icr.io');
    assert.equal(calls(), ['get']);
  }));

test('login: uses the store of the first login', () =>
  withKeychains(({ say, call, addStandIn, kept }) => {
    addStandIn('osxkeychain');
    addStandIn('wincred');
    say(`${login} --store osxkeychain`, key);
    assert.match(say(`${login} --identity second`, key), 'API key saved in osxkeychain\n');
    assert.match(say(`${login} --store osxkeychain`, key), 'API key saved in osxkeychain\n');
    assert.is(Object.keys(kept('osxkeychain')).length, 2);
    const { stderr, status } = call(`${login} --store wincred`, key);
    assert.is(
      stderr,
      'docker-credential-icr: secrets are already stored in osxkeychain\nhint: run docker-credential-icr store move wincred\n',
    );
    assert.is(status, 1);
  }));

test('login: moves docker logins in files to the keychain', () =>
  withKeychains(({ say, call, addStandIn }) => {
    addStandIn('osxkeychain');
    say('store', credential('us.icr.io'));
    say(login, key);
    assert.is(say('get', 'de.icr.io'), answer('de.icr.io', 'iamapikey', key));
    const { stderr } = call(`${login} --store osxkeychain`, key);
    assert.match(
      stderr,
      /stored in file store\nhint: run docker-credential-icr store move osxkeychain\n$/,
    );
  }));

const refusals: readonly [string, string, RegExp][] = [
  ['round', `exec '${executable}' "$@"`, /round failed: credential helper loop/],
  [
    'no-such-one',
    '',
    /docker-credential-no-such-one is not on the PATH\nhint: install it, or run /,
  ],
  ['../evil', '', /invalid name of a credential helper/],
  ['forgetful', 'cat >/dev/null; echo "{}"', /docker-credential-forgetful returned no secret/],
  [
    'locked',
    'echo "the keychain is locked"; exit 1',
    /locked failed: the keychain is locked\nhint: unlock it/,
  ],
];
for (const [name, body, expected] of refusals) {
  test(`--store ${name}: is refused before any prompt or change`, () =>
    withKeychains(({ home, call, addScript }) => {
      if (body !== '') addScript(name, body);
      const { stdout, stderr, status } = call(`${login} --store ${name}`, key);
      assert.equal({ stdout, status }, { stdout: '', status: 1 }, stderr);
      assert.match(stderr, expected);
      assert.not.match(stderr, 'canary');
      assert.not.ok(fs.existsSync(path.join(home.config, 'config.json')));
    }));
}

test.run();
