import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { answer, credential, executable } from '../support/helper.ts';
import { writeConfig } from '../support/home.ts';
import { multiLineSecrets } from '../support/multi-line-secrets.ts';
import { type Keychains, keyNamed, withKeychains } from './store-keychains.ts';

const test = suite('fallback helper for other registries');

const hub = 'https://index.docker.io/v1/';
const notFound = 'credentials not found in native keychain\n';

/** Runs `use` with a fallback helper of that name: the stand-in or a script. */
function withOthers(
  use: (keychains: Keychains) => void | Promise<void>,
  { name = 'theirs', body = '', store = 'file' } = {},
): Promise<void> {
  return withKeychains((keychains) => {
    const { home, addScript, addStandIn } = keychains;
    if (body === '') addStandIn(name);
    else addScript(name, body);
    const identities = { work: { kind: 'api-key', secretSetAt: 0 } };
    const mappings = { 'us.icr.io': { identity: 'work' } };
    const settings = { identities, mappings, store, fallbackHelper: name };
    writeConfig(home, 'config.json', JSON.stringify(settings));
    const secret = credential('work', 'iamapikey', keyNamed('work'));
    writeConfig(home, 'identities/work.json', secret);
    return use(keychains);
  });
}

test('get, store, erase and list: pass the input unchanged to the fallback helper', () =>
  withOthers(({ say, call, kept, calls, home }) => {
    const stored = credential(hub, 'me', 'canary-hub');
    assert.is(call('get', hub).stdout, notFound);
    assert.is(say('store', `${stored}\n`), '');
    assert.equal(kept('theirs'), { [hub]: { Username: 'me', Secret: 'canary-hub' } });
    assert.is(say('get', `${hub}\n`), `${stored}\n`);
    assert.is(say('list', 'unused'), `{"${hub}":"me","us.icr.io":"iamapikey"}\n`);
    assert.is(say('erase', hub), '');
    assert.equal(kept('theirs'), {});
    assert.equal(calls(), ['get', 'store', 'get', 'list', 'erase']);
    assert.not.ok(fs.existsSync(`${home.config}/hosts`));
  }));

for (const [name, secret] of multiLineSecrets) {
  test(`get and store: pass on a secret unchanged: ${name}`, () =>
    withOthers(({ say, kept }) => {
      const stored = credential(hub, '_json_key', secret);
      assert.is(say('store', `${stored}\n`), '');
      assert.equal(kept('theirs'), { [hub]: { Username: '_json_key', Secret: secret } });
      assert.equal(JSON.parse(say('get', hub)), JSON.parse(stored));
    }));

  test(`get and store: a keychain returns a secret unchanged: ${name}`, () =>
    withKeychains(({ home, addStandIn, say }) => {
      addStandIn('chain');
      writeConfig(home, 'config.json', JSON.stringify({ store: 'chain' }));
      for (const user of ['_json_key', 'iamapikey']) {
        say('store', credential('gcr.io', user, secret));
        assert.is(say('get', 'gcr.io'), answer('gcr.io', user, secret));
      }
    }));
}

/** Returns the output of `list`, and the `status` of each listed host. */
function shown({ say }: Keychains): { list: unknown; status: Record<string, string> } {
  const { hosts } = JSON.parse(say('status --json'));
  for (const { storedIn, keptIn } of hosts) assert.is(keptIn, storedIn);
  const rows = hosts.map(({ host, presentedAs, storedIn }: Record<string, string>) => [
    host,
    `${presentedAs} in ${storedIn}`,
  ]);
  return { list: JSON.parse(say('list')), status: Object.fromEntries(rows) };
}

test('get: uses older local credentials after the fallback helper', () =>
  withOthers((keychains) => {
    const { say, call, kept, home } = keychains;
    const settings = fs.readFileSync(`${home.config}/config.json`, 'utf8');
    const ibm = { 'us.icr.io': 'iamapikey' };
    const ibmRow = { 'us.icr.io': 'iamapikey in file store' };
    writeConfig(home, 'config.json', settings.replace('"fallbackHelper"', '"unused"'));
    say('store', credential(hub, 'old', 'canary-old'));
    say('store', credential('quay.io', 'robot', 'canary-robot'));
    writeConfig(home, 'config.json', settings);
    assert.is(say('get', hub), answer(hub, 'old', 'canary-old'));
    assert.equal(shown(keychains), {
      list: { ...ibm, [hub]: 'old', 'quay.io': 'robot' },
      status: {
        ...ibmRow,
        [hub]: 'old in file (docker login)',
        'quay.io': 'robot in file (docker login)',
      },
    });
    say('store', credential(hub, 'new', 'canary-new'));
    assert.is(say('get', hub), answer(hub, 'new', 'canary-new'));
    assert.equal(Object.values(kept('theirs')), [{ Username: 'new', Secret: 'canary-new' }]);
    assert.equal(shown(keychains), {
      list: { ...ibm, [hub]: 'new', 'quay.io': 'robot' },
      status: { ...ibmRow, [hub]: 'new in theirs', 'quay.io': 'robot in file (docker login)' },
    });
    say('erase', hub);
    say('erase', 'quay.io');
    for (const host of [hub, 'quay.io']) assert.is(call('get', host).stdout, notFound);
    assert.equal(shown(keychains), { list: ibm, status: ibmRow });
    assert.equal(kept('theirs'), {});
  }));

test('list: omits local credentials of other registries if the fallback helper fails', () =>
  withOthers(({ say, call, home, addScript }) => {
    writeConfig(home, 'hosts/quay.io.json', credential('quay.io', 'robot'));
    assert.match(say('list'), 'robot');
    addScript('theirs', 'echo broken; exit 1');
    const broken = 'docker-credential-theirs failed: broken\n';
    assert.is(call('get', 'quay.io').stdout, broken);
    assert.is(call('list').stdout, '{"us.icr.io":"iamapikey"}\n');
    const { stdout, stderr, status } = call('status');
    assert.match(stdout, /^quay\.io +error /m);
    assert.match(stderr, broken);
    assert.is(status, 1);
  }));

test('erase: succeeds for a missing credential, which podman requires', () =>
  withOthers(({ say, calls }) => {
    assert.is(say('erase', hub), '');
    assert.equal(calls(), ['erase', 'get']);
  }));

test('passes on look-alike hosts, but not IBM’s hosts', () =>
  withOthers(({ say, call, kept, calls }) => {
    assert.is(say('get', 'us.icr.io'), answer('us.icr.io', 'iamapikey', keyNamed('work')));
    say('store', credential('de.icr.io', 'iamapikey', 'canary-german'));
    say('erase', 'de.icr.io');
    assert.is(call('get', 'jp.icr.io').stdout, notFound);
    assert.equal(calls(), []);
    say('store', credential('icr.io.evil.example', 'me', 'canary-theirs'));
    assert.equal(Object.keys(kept('theirs')), ['icr.io.evil.example']);
  }));

test('without a fallback helper: stores credentials of other registries locally', () =>
  withKeychains(({ say, call }) => {
    say('store', credential(hub, 'me', 'canary-hub'));
    assert.is(say('get', hub), answer(hub, 'me', 'canary-hub'));
    assert.is(say('list'), `{"${hub}":"me"}\n`);
    say('erase', hub);
    assert.is(call('get', hub).stdout, notFound);
  }));

const failures: readonly [what: string, body: string, get: RegExp, list: RegExp][] = [
  [
    'fails',
    'echo broken; exit 1',
    /^docker-credential-theirs failed: broken\n$/,
    /docker-credential-theirs failed: broken\n$/,
  ],
  [
    'prints nothing',
    'exit 3',
    /^docker-credential-theirs failed: no reason given/,
    /failed: no reason given/,
  ],
  [
    'lists a JSON array',
    'echo "[]"',
    /^docker-credential-theirs returned invalid output; update it, or use another credential helper\n$/,
    /docker-credential-theirs returned invalid output/,
  ],
  ['hangs', 'sleep 60', /^docker-credential-theirs did not answer within 5 s;/, /within 5 s/],
  [
    'credential helper loop',
    `exec '${executable}' "$@"`,
    /credential helper loop: docker-credential-theirs calls docker-credential-icr/,
    /docker-credential-theirs failed: credential helper loop: .*; use another store/,
  ],
];
for (const [what, body, get, list] of failures) {
  test(`where the other one ${what}, IBM's hosts are answered and listed`, () =>
    withOthers(
      async ({ say, start }) => {
        assert.match(say('get', 'us.icr.io'), keyNamed('work'));
        const [got, listed] = await Promise.all([start('get', hub), start('list')]);
        assert.match(got?.stdout ?? '', get);
        assert.match(listed?.stderr ?? '', list);
        assert.is(listed?.stdout, '{"us.icr.io":"iamapikey"}\n');
        assert.is(listed?.status, 0);
      },
      { body },
    ));
}

test('reports a missing fallback helper by name', () =>
  withOthers(({ call, say, folder }) => {
    fs.rmSync(`${folder}/docker-credential-theirs`);
    assert.match(say('get', 'us.icr.io'), keyNamed('work'));
    assert.match(call('get', hub).stdout, /^docker-credential-theirs is not on the PATH; install/);
    const list = call('list');
    assert.is(list.stdout, '{"us.icr.io":"iamapikey"}\n');
    assert.match(list.stderr, 'docker-credential-theirs is not on the PATH');
    assert.is(list.status, 0);
  }));

test('detects a loop with a symlink, hard link or copy of this program', () =>
  withOthers(({ call }) => {
    // The home may be on another file system, and hard links cannot cross file systems.
    const folder = fs.mkdtempSync(path.join(path.dirname(executable), 'others-'));
    const env = { PATH: `${folder}:/usr/bin:/bin` };
    const other = path.join(folder, 'docker-credential-theirs');
    try {
      for (const put of [fs.symlinkSync, fs.linkSync, fs.copyFileSync]) {
        put(executable, other);
        const { stdout } = call('get', hub, env);
        assert.match(stdout, /credential helper loop: docker-credential-theirs calls docker-cr/);
        assert.is(call('list', '', env).stdout, '{"us.icr.io":"iamapikey"}\n');
        fs.rmSync(other);
      }
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  }));

test('detects a loop through two helpers immediately', () =>
  withOthers(
    ({ call, addScript, folder }) => {
      addScript('second', `exec '${executable}' "$@"`);
      assert.match(call('get', hub).stdout, 'credential helper loop');
      assert.ok(fs.readFileSync(`${folder}/rounds`, 'utf8').split('\n').length <= 2);
    },
    { body: 'echo >>"$(dirname "$0")/rounds"; exec docker-credential-second "$@"' },
  ));

test('list: omits the fallback helper’s IBM hosts and this program’s entries', () => {
  const list = {
    'https://index.docker.io/v1/': 'me',
    'de.icr.io': 'old',
    'https://us.icr.io': 'old',
    'https://docker-credential-icr/identity/work': 'docker-credential-icr',
    'bad host': 'x',
    number: 5,
  };
  return withOthers(
    ({ say }) => assert.is(say('list'), `{"${hub}":"me","us.icr.io":"iamapikey"}\n`),
    { body: `echo '${JSON.stringify(list)}'` },
  );
});

test('get: does not return this program’s entries from a shared keychain', () =>
  withOthers(({ call, say, kept }) => {
    say('store move theirs');
    say('store', credential(hub, 'me', 'canary-hub'));
    assert.is(Object.keys(kept('theirs')).length, 2);
    assert.is(say('list'), `{"${hub}":"me","us.icr.io":"iamapikey"}\n`);
    for (const url of Object.keys(kept('theirs')).filter((name) => name !== hub)) {
      for (const spelling of [url, url.toUpperCase(), url.replace('https://', '')]) {
        const { stdout, status } = call('get', spelling);
        assert.is(status, 1);
        assert.not.match(stdout, 'canary');
      }
    }
  }));

for (const body of [
  'echo \'{"ServerURL":"","Username":"","Secret":""}\'',
  'echo credentials not found in native keychain; exit 1',
  'echo "error: credentials not found in native keychain (0x80)"; exit 1',
]) {
  test(`${body.slice(0, 60)}: get returns Docker's not-found text`, () =>
    withOthers(({ call }) => assert.is(call('get', hub).stdout, notFound), { body }));
}

test('store: does not repeat the secret if the fallback helper fails', () =>
  withOthers(
    ({ call }) => {
      const { stdout, stderr, status } = call('store', credential(hub, 'me', 'canary-secret'));
      assert.is(status, 1);
      assert.not.match(stdout + stderr, 'canary');
    },
    { body: 'input=$(cat); echo "no: $input"; echo "no: $input" >&2; exit 1' },
  ));

test('damaged settings: uses local files instead of the fallback helper', () =>
  withOthers(({ home, call }) => {
    writeConfig(home, 'config.json', '{}');
    assert.is(call('store', credential(hub, 'me')).status, 0);
    writeConfig(home, 'config.json', '{');
    assert.is(call('get', hub).stdout, answer(hub, 'me'));
  }));

const roundVerbs: readonly (readonly [verb: string, input: string])[] = [
  ['get', hub],
  ['erase', hub],
  ['store', credential(hub, 'me')],
];
for (const [verb, input] of process.platform === 'linux' ? roundVerbs : []) {
  test(`detects a loop that clears the environment at the second ${verb}`, () =>
    withOthers(
      ({ call, folder }) => {
        const { stdout, stderr, status } = call(verb, input);
        assert.match(stdout, 'docker-credential-theirs calls docker-credential-icr; use another');
        assert.equal({ stderr, status }, { stderr: '', status: 1 });
        const rounds = fs.readFileSync(`${folder}/rounds`, 'utf8').split('\n');
        assert.ok(rounds.length <= 3, rounds.join());
      },
      {
        // Stops the loop if the program does not.
        body: `rounds=$(dirname "$0")/rounds; echo $1 >>"$rounds"
[ "$(wc -l <"$rounds")" -lt 9 ] || { echo too many; exit 1; }
exec env -i HOME="$HOME" PATH="$PATH" '${executable}' "$@"`,
      },
    ));
}

for (const setting of ['fallbackHelper', 'store']) {
  test(`a ring that forgets the environment, as ${setting}, ends at the second list`, () =>
    withOthers(({ home, call, folder, addScript }) => {
      const round = `echo $1 >> '${folder}/round'; exec env -i HOME="$HOME" PATH="$PATH" '${executable}' "$@"`;
      addScript('round', round);
      writeConfig(home, 'config.json', JSON.stringify({ [setting]: 'round' }));
      const { stdout, stderr, status } = call('list');
      assert.equal({ stdout, status }, { stdout: '{}\n', status: 0 });
      assert.match(stderr, /credential helper loop: .*use another store/);
      const calls = fs.readFileSync(path.join(folder, 'round'), 'utf8').split('\n');
      assert.is(calls.filter((verb) => verb === 'list').length, 1);
    }));
}

test.run();
