import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Context, RunResult } from '../../src/context.ts';
import { helperStore, isOwnEntry } from '../../src/secrets/helper-store.ts';
import type { Credential, SecretStore } from '../../src/secrets/store-types.ts';
import { testContext } from '../support/context.ts';
import { fails } from '../support/rejects.ts';

const test = suite('keychain store');

interface Keychain {
  readonly store: SecretStore;
  /** The helper's entries by ServerURL. */
  readonly kept: Map<string, { readonly Username: string; readonly Secret: string }>;
  readonly warnings: string[];
}

/** A keychain in memory; `decodes` URLs like macOS, and `answers` replaces its responses. */
function withKeychain(
  use: (keychain: Keychain) => void,
  { name = 'vault', decodes = false, answers = {} as Record<string, Partial<RunResult>> } = {},
): void {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-keychain-'));
  fs.writeFileSync(path.join(folder, `docker-credential-${name}`), '', { mode: 0o755 });
  const kept: Keychain['kept'] = new Map();
  const keyOf = (url: string) => (decodes ? decodeURIComponent(url) : url);
  const ok = (output = ''): RunResult => ({ status: 0, output, errors: '' });
  const runSync: Context['runSync'] = (_program, [verb = ''], { input }) => {
    const given = answers[verb];
    if (given !== undefined) return { ...ok(), ...given };
    if (verb === 'list') {
      const users = [...kept].map(([url, { Username }]) => [url, Username]);
      return ok(JSON.stringify(Object.fromEntries(users)));
    }
    if (verb === 'store') {
      const { ServerURL, ...entry } = JSON.parse(input);
      kept.set(keyOf(ServerURL), entry);
      return ok();
    }
    const url = keyOf(input.trim());
    const entry = kept.get(url);
    if (entry === undefined) {
      return { ...ok('credentials not found in native keychain\n'), status: 1 };
    }
    if (verb === 'erase') kept.delete(url);
    return ok(verb === 'get' ? JSON.stringify({ ServerURL: url, ...entry }) : '');
  };
  const context = testContext({ env: { PATH: folder }, runSync });
  try {
    use({ store: helperStore(context, name), kept, warnings: context.warnings });
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

const text = fc.string({ unit: 'grapheme', minLength: 1 });
const secret = fc.oneof(
  text,
  // ServerURLs that resemble those of another credential.
  fc
    .record({ ServerURL: text, Username: text, Secret: text })
    .map((value) => JSON.stringify(value)),
);
const credential: fc.Arbitrary<Credential> = fc.record(
  {
    ServerURL: fc.oneof(text, fc.constant('work')),
    Username: fc.oneof(text, fc.constantFrom('iamapikey', '<token>', 'cp')),
    Secret: secret,
  },
  { noNullPrototype: true },
);

for (const decodes of [false, true]) {
  test(`returns what was stored${decodes ? ', if the keychain decodes URLs' : ''}`, () =>
    withKeychain(
      ({ store, kept }) => {
        const name = fc.constantFrom(
          'work',
          'us.icr.io',
          'registry.example:5000',
          'index.docker.io/access-token',
          'work (rotating)',
          '[::1]:5000',
        );
        const property = fc.property(name, credential, (key, given) => {
          store.write({ of: 'host', name: key }, given);
          assert.equal(store.read({ of: 'host', name: key }), given);
          assert.equal(store.names('host'), [key]);
          assert.equal(store.names('identity'), []);
          assert.is(kept.size, 1);
          store.erase({ of: 'host', name: key });
          store.erase({ of: 'host', name: key });
          assert.is(store.read({ of: 'host', name: key }), undefined);
        });
        fc.assert(property, { numRuns: 300 });
      },
      { decodes },
    ));
}

test('stores an API key unchanged, with a constant user name', () =>
  withKeychain(({ store, kept }) => {
    store.write(
      { of: 'identity', name: 'work' },
      { ServerURL: 'work', Username: 'iamapikey', Secret: 'canary' },
    );
    store.write(
      { of: 'host', name: 'a.example' },
      { ServerURL: 'a.example', Username: 'me', Secret: 'canary' },
    );
    assert.equal(kept.get('https://docker-credential-icr/identity/work'), {
      Username: 'docker-credential-icr',
      Secret: 'canary',
    });
    assert.is(
      kept.get('https://docker-credential-icr/host/a.example')?.Username,
      'docker-credential-icr',
    );
  }));

test('ignores entries of other programs', () =>
  withKeychain(({ store, kept }) => {
    for (const url of [
      'https://index.docker.io/v1/',
      'https://docker-credential-icr.example/host/x',
      'https://docker-credential-icr/trial/1',
      'https://docker-credential-icr/hosts/x',
    ]) {
      kept.set(url, { Username: 'me', Secret: 'canary' });
    }
    kept.set('https://docker-credential-icr/host/%zz', { Username: 'me', Secret: 'canary' });
    assert.equal(store.names('host'), ['%zz']);
    assert.equal(store.names('identity'), []);
  }));

for (const output of ['', 'null', '{}', '{"https://docker-credential-icr/host/x": 5}']) {
  test(`a list with the output ${output || 'nothing'} has no names`, () =>
    withKeychain(({ store }) => assert.equal(store.names('host'), []), {
      answers: { list: { output } },
    }));
}

test('does not call a keychain again after a timeout', () => {
  let calls = 0;
  withKeychain(
    ({ store }) => {
      const ask = () => store.read({ of: 'host', name: 'x' });
      for (const _ of [1, 2, 3]) fails(ask, 'storage', /did not answer within 5 s/);
      assert.is(calls, 1);
    },
    {
      answers: {
        get get() {
          calls += 1;
          return { status: null, failure: 'timeout' };
        },
      },
    },
  );
});

test('calls a keychain again after an error, and masks the secret in its standard error', () => {
  const given = { ServerURL: 'x', Username: 'iamapikey', Secret: 'canary-secret' };
  const errors = 'first\nhas canary-secret in it\n';
  withKeychain(
    ({ store, warnings }) => {
      const write = () => store.write({ of: 'host', name: 'x' }, given);
      fails(write, 'storage', /^vault failed: full; unlock it/);
      assert.equal(warnings, [
        'docker-credential-vault: first',
        'docker-credential-vault: has *** in it',
      ]);
      fails(write, 'storage');
      assert.is(warnings.length, 4);
    },
    { answers: { store: { status: 1, output: 'full\n', errors } } },
  );
});

test('ignores standard error if the call succeeds', () =>
  withKeychain(
    ({ store, warnings }) => {
      assert.equal(store.names('host'), []);
      assert.equal(warnings, []);
    },
    { answers: { list: { output: '{}', errors: 'gpg: checking the trustdb\n' } } },
  ));

const url = 'https://docker-credential-icr/host/us.icr.io';
const key = { of: 'host', name: 'us.icr.io' } as const;
const example = { ServerURL: 'us.icr.io', Username: 'iamapikey', Secret: 'canary' };

// A keychain that reports a successful `erase`, and its next responses.
const unerased: readonly [what: string, answers: Record<string, Partial<RunResult>>][] = [
  ['gives it all the same', { erase: {} }],
  [
    'is locked, and lists the entry',
    { erase: {}, get: { status: 2 }, list: { output: `{"${url}":"docker-credential-icr"}` } },
  ],
  ['is locked, and lists no entries', { erase: {}, get: { status: 2 }, list: { status: 1 } }],
];
for (const [what, answers] of unerased) {
  test(`erase fails if the keychain ${what}`, () =>
    withKeychain(
      ({ store }) => {
        store.write(key, example);
        fails(() => store.erase(key), 'storage', /vault (still has|failed)/);
      },
      { answers },
    ));
}

for (const Secret of [' canary', 'canary\n', 'can\u0001ary']) {
  test(`a secret that a keychain may change is stored as JSON: ${JSON.stringify(Secret)}`, () =>
    withKeychain(({ store, kept }) => {
      const whole = { ServerURL: key.name, Username: 'iamapikey', Secret };
      store.write(key, whole);
      const [stored] = kept.values();
      assert.is(stored?.Secret, JSON.stringify(whole));
      assert.equal(store.read(key), whole);
    }));
}

test('erase fails with the reason of a keychain that keeps the entry', () =>
  withKeychain(
    ({ store }) => {
      store.write(key, example);
      fails(() => store.erase(key), 'storage', /vault failed: no access/);
    },
    { answers: { erase: { status: 1, output: 'no access' } } },
  ));

test('erase succeeds if the keychain fails for a missing entry', () =>
  withKeychain(({ store }) => store.erase(key), { answers: { erase: { status: 1 } } }));

test('after a failed store: erases a new entry, and preserves an old secret', () => {
  const answers = {
    store: { status: 1, output: 'encryption failed' },
    get: { status: 1, output: `no usernames for ${url}` },
  };
  withKeychain(
    ({ store, kept }) => {
      kept.set(url, { Username: '', Secret: '' });
      fails(() => store.write(key, example), 'storage', /encryption failed/);
      assert.is(kept.size, 0);
    },
    { answers },
  );
  withKeychain(
    ({ store, kept }) => {
      kept.set(url, { Username: 'docker-credential-icr', Secret: 'canary' });
      fails(() => store.write(key, example), 'storage', /encryption failed/);
      assert.is(kept.size, 1);
    },
    { answers: { store: answers.store } },
  );
});

test('stops calling a slow keychain after 5 s of errors', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-keychain-'));
  fs.writeFileSync(path.join(folder, 'docker-credential-vault'), '', { mode: 0o755 });
  let clock = 0;
  let calls = 0;
  const runSync: Context['runSync'] = () => {
    clock += 1000;
    calls += 1;
    return { status: 2, output: 'locked', errors: '' };
  };
  const context = testContext({ env: { PATH: folder }, runSync, now: () => clock });
  const store = helperStore(context, 'vault');
  for (let host = 0; host < 20; host += 1) {
    fails(() => store.read({ of: 'host', name: `h${host}` }), 'storage', /vault failed: locked/);
  }
  fs.rmSync(folder, { recursive: true });
  assert.is(calls, 5);
});

test('makes no call after another process has taken over the lock', () =>
  withKeychain(({ store, kept }) => {
    store.write(key, example);
    const lost = () => {
      throw new Error('lost');
    };
    assert.throws(() => store.write(key, { ...example, Secret: 'canary-2' }, lost), /lost/);
    assert.throws(() => store.erase(key, lost), /lost/);
    assert.is(kept.get(url)?.Secret, 'canary');
    store.write(key, example, () => {});
    store.erase(key, () => {});
    assert.is(kept.size, 0);
  }));

test('names are sorted', () =>
  withKeychain(({ store }) => {
    for (const name of ['c', 'a', 'b']) store.write({ of: 'host', name }, example);
    assert.equal(store.names('host'), ['a', 'b', 'c']);
  }));

for (const Secret of [undefined, '', 1, null]) {
  test(`an answer with the secret ${JSON.stringify(Secret)} is an error`, () =>
    withKeychain(
      ({ store }) =>
        fails(() => store.read(key), 'storage', /^docker-credential-vault returned no secret;/),
      { answers: { get: { output: JSON.stringify({ Username: 'me', Secret }) } } },
    ));
}

test('erase succeeds if a keychain that fails to erase and to read does not list it', () =>
  withKeychain(({ store }) => store.erase(key), {
    answers: { erase: {}, get: { status: 2 }, list: { output: '{}' } },
  }));

for (const [name, length, isStored] of [
  ['wincred', 2560, true],
  ['wincred', 2561, false],
  ['vault', 2561, true],
] as const) {
  test(`${name} ${isStored ? 'stores' : 'refuses'} a secret of ${length} bytes`, () =>
    withKeychain(
      ({ store, kept }) => {
        // Two bytes for each letter.
        const Secret = 'ü'.repeat(length / 2) + 'x'.repeat(length % 2);
        const write = () => store.write(key, { ...example, Secret });
        if (isStored) write();
        else
          fails(
            write,
            'storage',
            /^wincred stores at most 2560 bytes, but this secret has 2561; .*--store file$/,
          );
        assert.is(kept.size, isStored ? 1 : 0);
      },
      { name },
    ));
}

test('only the account of this program is its own entry', () => {
  assert.is(isOwnEntry({ name: 'docker-credential-icr' }), true);
  assert.is(isOwnEntry({ name: 'us.icr.io' }), false);
});

test('calls a slow keychain each time if its calls succeed', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-keychain-'));
  fs.writeFileSync(path.join(folder, 'docker-credential-vault'), '', { mode: 0o755 });
  let clock = 0;
  let calls = 0;
  const runSync: Context['runSync'] = (_program, [verb]) => {
    clock += 4000;
    calls += 1;
    if (verb === 'list') return { status: 0, output: '{}', errors: '' };
    return { status: 1, output: 'credentials not found in native keychain', errors: '' };
  };
  const store = helperStore(
    testContext({ env: { PATH: folder }, runSync, now: () => clock }),
    'vault',
  );
  for (let count = 0; count < 3; count += 1) {
    assert.is(store.read(key), undefined);
    assert.equal(store.names('host'), []);
  }
  fs.rmSync(folder, { recursive: true });
  assert.is(calls, 6);
});

test('an error other than a timeout does not end the calls', () => {
  let calls = 0;
  withKeychain(
    ({ store }) => {
      for (const _ of [1, 2]) fails(() => store.read(key), 'storage', /cannot be run/);
      assert.is(calls, 2);
    },
    {
      answers: {
        get get() {
          calls += 1;
          return { status: null, failure: 'EACCES' };
        },
      },
    },
  );
});

test.run();
