import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { answer, credential, executable, type Outcome, startHelper } from '../support/helper.ts';
import { writeConfig } from '../support/home.ts';
import { entryOf, type Keychains, keyNamed, withKeychains } from './store-keychains.ts';

const test = suite('keychain failures');

const key = keyNamed('key');
const login = 'login --no-verify --api-key-stdin';

/** Logs in with a working keychain, then replaces it by the script `body`. */
function withBroken(
  body: string,
  use: (keychains: Keychains) => void | Promise<void>,
): Promise<void> {
  return withKeychains((keychains) => {
    const { say, addStandIn, addScript } = keychains;
    addStandIn('vault');
    say(`${login} --store vault`, key);
    say('store', credential('registry.example', 'me', 'canary-other'));
    addScript('vault', body);
    return use(keychains);
  });
}

/** Requires one line on standard output, no secret in the output and exit status 1. */
function expectRefusal({ stdout, stderr, status }: Outcome, expected: RegExp): void {
  assert.is(status, 1, stdout + stderr);
  assert.match(stdout, expected);
  assert.match(stdout, /^[^\n]+\n$/);
  assert.not.match(stdout + stderr, 'canary');
}

// The keychain's behavior, and the expected output of `get`.
const troubles: readonly [what: string, body: string, expected: RegExp][] = [
  ['returns invalid output', 'echo nonsense', /docker-credential-vault returned invalid output/],
  ['answers nothing', 'exit 0', /docker-credential-vault returned invalid output/],
  ['answers a list', 'echo "[]"', /docker-credential-vault returned invalid output/],
  ['answers without a secret', 'echo "{}"', /docker-credential-vault returned no secret/],
  ['is locked', 'echo "keychain is locked"; exit 1', /vault failed: keychain is locked/],
  [
    'fails with several lines',
    'printf "one\\ntwo\\033[31m\\n"; exit 1',
    /: vault failed: one two \[31m; unlock it if it is locked, and try again\n/,
  ],
  ['does not say why', 'exit 2', /vault failed: no reason given/],
  ['crashes', 'kill -SEGV $$', /vault failed: no reason given/],
  [
    'repeats the secret',
    `echo 'error: {"Secret":"canary-key"}'; echo canary-key >&2; exit 1`,
    /vault failed: error: \{"Secret":"\*\*\*"\}; unlock it if it is locked, /,
  ],
  [
    'prints too much output',
    'head -c 9000000 /dev/zero | tr "\\0" x',
    /docker-credential-vault wrote more than 8 MiB of output/,
  ],
];
for (const [what, body, expected] of troubles) {
  test(`${what}: get reports the store, and list and other sources work`, () =>
    withBroken(body, ({ call }) => {
      expectRefusal(call('get', 'us.icr.io'), expected);
      const list = call('list');
      assert.equal({ stdout: list.stdout, status: list.status }, { stdout: '{}\n', status: 0 });
      assert.match(list.stderr, /vault/);
      assert.not.match(list.stderr, 'canary');
      const env = { DOCKER_CREDENTIAL_ICR_API_KEY: 'canary-env' };
      assert.is(
        call('get', 'us.icr.io', env).stdout,
        answer('us.icr.io', 'iamapikey', 'canary-env'),
      );
    }));
}

test('is missing: get reports its name with a hint', () =>
  withBroken('', ({ call }) => {
    const { stdout, status } = call('get', 'us.icr.io', { PATH: '/usr/bin:/bin' });
    assert.is(
      stdout,
      'us.icr.io: docker-credential-vault is not on the PATH; install it, or run docker-credential-icr store move to use another credential store\n',
    );
    assert.is(status, 1);
  }));

test('is not run from a relative directory on PATH', () =>
  withBroken('echo pwned >&2', ({ call, home }) => {
    const { stdout, stderr } = call('get', 'us.icr.io', { PATH: `helpers:.:${home.folder}/none` });
    assert.match(stdout, 'docker-credential-vault is not on the PATH');
    assert.not.match(stderr, 'pwned');
  }));

const noSecret =
  /^us\.icr\.io: vault has no secret for identity default; unlock vault if it is locked, or run docker-credential-icr login/;

test('returns not found for a stored secret: get reports the store', () =>
  withBroken('echo credentials not found in native keychain; exit 1', ({ call }) => {
    expectRefusal(call('get', 'us.icr.io'), noSecret);
    assert.is(call('get', 'registry.example').stdout, 'credentials not found in native keychain\n');
  }));

// If a keychain lists and finds nothing, the program probes it, reports the error and deletes nothing.
const hidden = `case $1 in
  list) echo '{}' ;;
  store) echo 'it is locked'; exit 1 ;;
  *) echo credentials not found in native keychain; exit 1 ;;
esac`;
for (const words of [
  'logout',
  'logout us.icr.io',
  'logout --identity default',
  'store move file',
]) {
  test(`hides its entries: ${words} fails, and succeeds when they are visible again`, () =>
    withBroken(hidden, ({ call, home, addStandIn, kept }) => {
      const settings = fs.readFileSync(`${home.config}/config.json`, 'utf8');
      const { stdout, stderr, status } = call(words);
      assert.is(stdout, '');
      assert.match(stderr, /vault (failed: it is locked|does not return the secret of default)/);
      assert.is(status, 1);
      assert.is(fs.readFileSync(`${home.config}/config.json`, 'utf8'), settings);
      addStandIn('vault');
      assert.is(call(words).status, 0);
      const left = Object.keys(kept('vault')).filter((url) => url.includes('/identity/'));
      assert.equal(left, words === 'logout us.icr.io' ? [entryOf('identity', 'default')] : []);
    }));
}

for (const [words, input] of [
  ['erase', 'de.icr.io'],
  ['erase', 'registry.example'],
  ['logout', ''],
  ['store move file', ''],
] as const) {
  test(`hides its only entry, a host: ${words} ${input} does not report success`, () =>
    withKeychains(({ home, call, addStandIn, addScript }) => {
      addStandIn('vault');
      writeConfig(home, 'config.json', '{"store": "vault"}');
      for (const host of ['de.icr.io', 'registry.example']) {
        assert.is(call('store', credential(host, 'iamapikey', key)).status, 0);
      }
      addScript('vault', hidden);
      const { stdout, stderr, status } = call(words, input);
      assert.match(stdout + stderr, /vault failed: it is locked(; |\nhint: )unlock it/);
      assert.is(status, 1);
      assert.is(fs.readFileSync(`${home.config}/config.json`, 'utf8'), '{"store": "vault"}');
    }));
}

test('refuses to erase one entry: logout fails, and removes the rest on retry', () =>
  withKeychains(({ say, call, addStandIn, addScript, folder, kept }) => {
    addStandIn('vault');
    say(`${login} --store vault`, key);
    say(`${login} --identity work`, keyNamed('work'));
    fs.renameSync(`${folder}/docker-credential-vault`, `${folder}/real`);
    const refuse = 'case "$1 $input" in "erase "*/work) echo busy; exit 1 ;; esac';
    addScript('vault', `input=$(cat); ${refuse}; printf '%s' "$input" | ${folder}/real "$@"`);
    assert.match(call('logout').stderr, 'vault failed: busy');
    assert.equal(Object.keys(kept('vault')), [entryOf('identity', 'work')]);
    addStandIn('vault');
    say('logout');
    assert.equal(kept('vault'), {});
  }));

test('is empty and works: erase and logout succeed', () =>
  withKeychains(({ home, say, addStandIn, kept }) => {
    addStandIn('vault');
    writeConfig(home, 'config.json', '{"store": "vault"}');
    say('erase', 'de.icr.io');
    say('logout');
    assert.equal(kept('vault'), {});
  }));

test('returns an empty credential, like docker-credential-pass 0.6: treated as not found', () =>
  withBroken('echo \'{"ServerURL":"","Username":"","Secret":""}\'', ({ call }) => {
    assert.is(call('get', 'registry.example').stdout, 'credentials not found in native keychain\n');
    expectRefusal(call('get', 'us.icr.io'), noSecret);
  }));

test('hangs: get and list time out after five seconds', () =>
  withBroken('echo "$1" >> "$0.calls"; exec sleep 600', async ({ start, folder }) => {
    const began = performance.now();
    const calls = [start('get', 'us.icr.io'), start('list')];
    const [get, list] = await Promise.all(calls);
    const took = performance.now() - began;
    const line =
      /docker-credential-vault did not answer within 5 s(; |\nhint: )unlock it if it is locked/;
    assert.match(get?.stdout ?? '', line);
    assert.match(list?.stderr ?? '', line);
    assert.equal([get?.status, list?.status], [1, 0]);
    assert.ok(took > 4900, `it took ${took} ms`);
    // A second call would take five more seconds.
    const verbs = fs.readFileSync(`${folder}/docker-credential-vault.calls`, 'utf8');
    assert.equal(verbs.trim().split('\n').sort(), ['get', 'list']);
  }));

test('is slow, and IAM does not respond: get times out after ten seconds in total', () =>
  withKeychains(async ({ home, folder, addScript, say, addStandIn }) => {
    addStandIn('vault');
    say(`${login} --present iambearer --store vault`, key);
    addScript('vault', `sleep 4; exec '${folder}/docker-credential-quick' "$@"`);
    const silent = net.createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : 0;
    addScript('quick', `echo '{"Username":"iamapikey","Secret":"${key}"}'`);
    const env = {
      PATH: `${folder}:/usr/bin:/bin`,
      IBMCLOUD_IAM_API_ENDPOINT: `http://127.0.0.1:${port}`,
    };
    const began = performance.now();
    const { stdout } = await startHelper(home, 'get', 'us.icr.io', { env }).outcome;
    const took = performance.now() - began;
    silent.close();
    assert.match(stdout, /IAM at 127\.0\.0\.1:\d+ did not answer in time/);
    // No upper bound, because starting and exiting take extra time on a busy machine.
    assert.ok(took > 8000, `it took ${took} ms`);
  }));

test('is locked: list calls it once for all hosts of an identity', () =>
  withBroken('echo call >> "$0.calls"; echo locked; exit 2', ({ call, folder }) => {
    call('list');
    const calls = fs.readFileSync(`${folder}/docker-credential-vault.calls`, 'utf8');
    assert.is(calls, 'call\n'.repeat(2), 'the list of hosts, and the identity');
  }));

test('is locked, but reports a successful erase: erase fails', () => {
  const body = `case $1 in
    erase) exit 0 ;;
    list) echo '{"https://docker-credential-icr/host/registry.example":"docker-credential-icr"}' ;;
    *) exit 2 ;;
  esac`;
  return withBroken(body, ({ call }) => {
    expectRefusal(
      call('erase', 'registry.example'),
      /vault still has the secret of registry\.example/,
    );
  });
});

for (const words of ['logout --identity de.icr.io', 'logout de.icr.io']) {
  test(`cannot erase: ${words} fails, and removes everything on retry`, () =>
    withKeychains(({ say, call, addStandIn, addScript, kept }) => {
      addStandIn('vault');
      say(`${login} de.icr.io --store vault`, key);
      addScript('vault', 'echo locked; exit 1');
      const { stderr, status } = call(words);
      assert.match(stderr, 'vault failed: locked');
      assert.is(status, 1);
      addStandIn('vault');
      assert.is(call(words).status, 0);
      assert.equal(kept('vault'), {});
    }));
}

test('leaves a background process: get does not wait for it', () =>
  withKeychains(({ say, call, addStandIn, addScript, home }) => {
    addStandIn('vault');
    say(`${login} --store vault`, key);
    addScript('agent', `sleep 20 & exec ${home.folder}/helpers/docker-credential-vault "$@"`);
    const settings = `${home.config}/config.json`;
    fs.writeFileSync(settings, fs.readFileSync(settings, 'utf8').replace('"vault"', '"agent"'));
    assert.is(call('get', 'us.icr.io').stdout, answer('us.icr.io', 'iamapikey', key));
  }));

test('fails with its input as the message: login, docker login and move do not repeat it', () =>
  withKeychains(({ say, call, addScript, addStandIn }) => {
    const echo = 'cat; cat >&2; exit 1';
    const both = `input=$(cat); echo "$input"; echo "$input" >&2; exit 1`;
    addStandIn('vault');
    say(`${login} --store vault`, key);
    for (const body of [echo, both]) {
      addScript('vault', body);
      for (const outcome of [
        call(login, key),
        call('store', credential('registry.example', 'me', 'canary"quoted\\')),
      ]) {
        assert.is(outcome.status, 1);
        assert.not.match(outcome.stdout + outcome.stderr, 'canary');
        assert.match(outcome.stdout + outcome.stderr, 'vault failed: ');
      }
    }
  }));

test('does not get API keys from the environment', () =>
  withKeychains(({ call, addScript, addStandIn, folder, say }) => {
    addStandIn('vault');
    say(`${login} --store vault`, key);
    addScript('vault', `env >> ${folder}/env; exit 1`);
    const env = {
      DOCKER_AUTH_CONFIG: 'canary-a',
      IBMCLOUD_API_KEY: 'canary-b',
      BLUEMIX_API_KEY: 'canary-c',
      IC_API_KEY: 'canary-d',
      ICR_PASSWORD: 'canary-e',
      CF_DOCKER_PASSWORD: 'canary-f',
      GNUPGHOME: '/some/where',
    };
    for (const verb of ['get', 'list', 'erase']) call(verb, 'us.icr.io', env);
    call('login --no-verify --api-key-stdin', key, env);
    const seen = fs.readFileSync(`${folder}/env`, 'utf8');
    assert.not.match(seen, 'canary');
    assert.match(seen, 'GNUPGHOME=/some/where');
  }));

const longest = 2560;
const sizes: readonly [size: number, status: number][] = [
  [longest, 0],
  [longest + 1, 1],
];
for (const [size, status] of sizes) {
  test(`wincred: limit for a secret of ${size} bytes`, () =>
    withKeychains(({ say, call, addStandIn }) => {
      addStandIn('wincred');
      say(`${login} --store wincred`, key);
      // Two bytes per character, except the last one.
      const secret = 'é'.repeat(Math.floor(size / 2)) + (size % 2 === 1 ? 'e' : '');
      const outcome = call('store', credential('registry.example', 'iamapikey', secret));
      assert.is(outcome.status, status, outcome.stdout);
      if (status === 0) return;
      assert.is(
        outcome.stdout,
        `wincred stores at most 2560 bytes, but this secret has ${size}; store secrets in files: --store file\n`,
      );
    }));
}

test('credential helper loop: fails immediately', () =>
  withKeychains(({ say, call, addScript, addStandIn, home }) => {
    addStandIn('vault');
    say(`${login} --store vault`, key);
    addScript('round', `exec '${executable}' "$@"`);
    const settings = `${home.config}/config.json`;
    const text = fs.readFileSync(settings, 'utf8');
    fs.writeFileSync(settings, text.replace('"vault"', '"round"'));
    expectRefusal(call('get', 'us.icr.io'), /us\.icr\.io: round failed: credential helper loop/);
    fs.symlinkSync(executable, `${home.folder}/helpers/docker-credential-link`);
    fs.writeFileSync(settings, text.replace('"vault"', '"link"'));
    expectRefusal(call('get', 'us.icr.io'), /docker-credential-link calls docker-credential-icr/);
  }));

test.run();
