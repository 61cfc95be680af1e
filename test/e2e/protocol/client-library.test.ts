import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type CallOptions, credential, helper, type Outcome } from '../../support/helper.ts';
import { type Home, inHome, writeConfig, writeIdentity } from '../../support/home.ts';

const test = suite('compatibility with client libraries');

const sentence = 'credentials not found in native keychain';
const missingServerURL = 'no credentials server URL';
const missingUsername = 'no credentials username';

/** A client's interpretation of the helper's response to `get`. */
type Reading =
  | { readonly found: { readonly username: string; readonly secret: string } }
  | { readonly none: true }
  | { readonly error: string };

interface Reader {
  /** The source file that `read` follows. */
  readonly source: string;
  /** The text that the client writes to standard input. */
  readonly input: (host: string) => string;
  readonly read: (outcome: Outcome, ask: (host: string) => Outcome) => Reading;
}

function found(text: string): Reading {
  const { Username, Secret } = JSON.parse(text);
  assert.type(Username, 'string');
  assert.type(Secret, 'string');
  return { found: { username: Username, secret: Secret } };
}

const none: Reading = { none: true };

const readers: Readonly<Record<string, Reader>> = {
  docker: {
    source: 'docker/docker-credential-helpers, client/client.go and credentials/error.go',
    input: (host) => host,
    read: ({ stdout, status }) => {
      if (status === 0) return found(stdout);
      return stdout.trim() === sentence ? none : { error: stdout.trim() };
    },
  },
  oras: {
    source:
      'oras-project/oras-go, registry/remote/credentials/internal/executer and native_store.go',
    input: (host) => host,
    read: ({ stdout, status }) => {
      if (status === 0) return found(stdout);
      return stdout.trim() === sentence ? none : { error: stdout.trim() };
    },
  },
  'docker-py': {
    source: 'docker/docker-py, docker/credentials/store.py and errors.py',
    input: (host) => host,
    read: ({ stdout, status }) => {
      if (status !== 0) return stdout.includes(sentence) ? none : { error: stdout.trim() };
      const { Username, Secret } = JSON.parse(stdout);
      return Username === '' && Secret === '' ? none : found(stdout);
    },
  },
  'testcontainers-java': {
    source:
      'testcontainers/testcontainers-java, RegistryAuthLocator.java: standard error is a part of the output, and what it gets for a host that does not exist means "none"',
    input: (host) => host,
    read: (outcome, ask) => {
      const text = both(outcome);
      if (outcome.status === 0) return found(text);
      assert.is(outcome.status, 1);
      const ofNone = both(ask('https://not.a.real.registry/url'));
      return text === ofNone ? none : { error: text };
    },
  },
  'testcontainers-node': {
    source: 'testcontainers/testcontainers-node, container-runtime/auth/credential-provider.ts',
    input: (host) => `${host}\n`,
    read: ({ stdout, status }) => (status === 0 ? found(stdout) : none),
  },
  'testcontainers-go': {
    source: 'cpuguy83/dockercfg, auth.go, which testcontainers/testcontainers-go reads with',
    input: (host) => host,
    read: ({ stdout, status }) => {
      if (status === 0) return found(stdout);
      return [sentence, missingServerURL].includes(stdout.trim()) ? none : { error: stdout.trim() };
    },
  },
};

function both({ stdout, stderr }: Outcome): string {
  return `${stdout}${stderr}`.trim();
}

const token = 'canary-identity-token';
const root = 'canary-root';

/** A home with an identity, a docker login, an identity token and a damaged credential. */
function prepare(home: Home): void {
  writeIdentity(home, root, { 'us.icr.io': { identity: 'work' } });
  helper(home, 'store', credential('de.icr.io', '<token>', token));
  helper(home, 'store', credential('registry.example', 'me', 'canary "quoted" \\ é'));
  writeConfig(home, 'hosts/jp.icr.io.json', '{');
}

const rows: readonly [host: string, expected: Reading | RegExp][] = [
  ['us.icr.io', { found: { username: 'iamapikey', secret: root } }],
  ['de.icr.io', { found: { username: '<token>', secret: token } }],
  ['registry.example', { found: { username: 'me', secret: 'canary "quoted" \\ é' } }],
  ['icr.io', none],
  ['nobody.example', none],
  ['https://index.docker.io/v1/', none],
  ['jp.icr.io', /the stored credential of jp\.icr\.io is damaged/],
];
for (const [client, { source, input, read }] of Object.entries(readers)) {
  for (const [host, expected] of rows) {
    test(`${client} and ${host} (${source})`, () =>
      inHome((home) => {
        prepare(home);
        const ask = (name: string, options?: CallOptions) =>
          helper(home, 'get', input(name), options);
        // A damaged credential is reported only once, so each client needs a new home.
        if (expected instanceof RegExp) ask(host);
        const reading = read(ask(host), ask);
        if (!(expected instanceof RegExp)) assert.equal(reading, expected);
        else if ('error' in reading) assert.match(reading.error, expected);
        else assert.is(client, 'testcontainers-node', 'it takes every failure for none');
      }));
  }
}

// After docker/docker-credential-helpers, credentials/credentials_test.go and client/client_test.go.
const failures: readonly [what: string, verb: string, input: string, stdout: string][] = [
  ['get without a host', 'get', '', missingServerURL],
  ['get with only whitespace', 'get', ' \n', missingServerURL],
  ['get of a missing credential', 'get', 'https://missing.docker.io/v1', sentence],
  ['erase without a host', 'erase', '', missingServerURL],
  ['store without a ServerURL', 'store', '{"Username":"foo","Secret":"bar"}', missingServerURL],
  [
    'store without a Username',
    'store',
    '{"ServerURL":"x.example","Secret":"bar"}',
    missingUsername,
  ],
  ['store with an empty Username', 'store', credential('x.example', ''), missingUsername],
];
for (const [what, verb, input, line] of failures) {
  test(`${what}: ${line} (docker/docker-credential-helpers, credentials)`, () =>
    inHome((home) => {
      const expected = { stdout: `${line}\n`, stderr: '', status: 1 };
      assert.equal(helper(home, verb, input), expected);
    }));
}

// client.List writes "unused" to standard input, docker-py nothing.
for (const input of ['unused', '', '\n']) {
  test(`list ${JSON.stringify(input)}: returns an object, {} if empty (client/client.go, store.py)`, () =>
    inHome((home) => {
      assert.is(helper(home, 'list', input).stdout, '{}\n');
      helper(home, 'store', credential('x.example', 'linus', 'canary'));
      assert.is(helper(home, 'list', input).stdout, '{"x.example":"linus"}\n');
    }));
}

// docker/docker-py, tests/integration/credentials/store_test.py.
test('docker-py: stores, gets, lists and erases a server name that is not a domain', () =>
  inHome((home) => {
    const names = ['pycreds_test_1f', 'pycreds_test_2e'];
    for (const [index, name] of names.entries()) {
      const input = `{"ServerURL": "${name}", "Username": "user${index}", "Secret": "canary"}`;
      assert.is(helper(home, 'store', input).status, 0);
      const got = JSON.parse(helper(home, 'get', name).stdout);
      assert.equal(got, { ServerURL: name, Username: `user${index}`, Secret: 'canary' });
    }
    const list = JSON.parse(helper(home, 'list').stdout);
    assert.equal(list, { pycreds_test_1f: 'user0', pycreds_test_2e: 'user1' });
    for (const name of names) {
      assert.is(helper(home, 'erase', name).status, 0);
      assert.is(helper(home, 'get', name).stdout, `${sentence}\n`);
    }
  }));

// Go's encoder escapes <, > and &, and Encode appends a newline (credentials.go, client.Store).
test('store: reads the JSON of docker and oras, with and without a final newline', () =>
  inHome((home) => {
    const input = String.raw`{"ServerURL":"us.icr.io","Username":"\u003ctoken\u003e","Secret":"canary\u0026"}`;
    for (const end of ['\n', '', '\r\n']) {
      assert.is(helper(home, 'store', input + end).status, 0);
      const { Username, Secret } = JSON.parse(helper(home, 'get', 'us.icr.io').stdout);
      assert.equal([Username, Secret], ['<token>', 'canary&']);
      helper(home, 'erase', 'us.icr.io');
    }
  }));

test('get: returns the requested ServerURL, which testcontainers-node uses as the registry', () =>
  inHome((home) => {
    prepare(home);
    for (const host of ['us.icr.io', 'https://us.icr.io', 'US.ICR.IO', 'registry.example']) {
      assert.is(JSON.parse(helper(home, 'get', `${host}\n`).stdout).ServerURL, host);
    }
  }));

test('version: prints one line with name, package and version (credentials/credentials.go)', () =>
  inHome((home) => {
    const { stdout, status } = helper(home, 'version');
    assert.match(stdout, /^docker-credential-icr \([^)]+\) v?\d+\.\d+\.\d+\S*\n$/);
    assert.is(status, 0);
  }));

test.run();
