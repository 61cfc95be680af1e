import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  identityKinds,
  isUsable,
  noSettings,
  parseSettings,
  toFile,
} from '../../src/config/settings.ts';
import { updateSettings } from '../../src/config/write.ts';
import { HelperError } from '../../src/errors.ts';
import { readTokenSync as readToken, writeToken } from '../../src/iam/cache-file.ts';
import type { CachedToken } from '../../src/iam/cached-token.ts';
import {
  erasePendingKey,
  readPendingKey,
  writePendingKey,
} from '../../src/identity/pending-key.ts';
import { protocolVerb, serve } from '../../src/protocol/serve.ts';
import { parseCredentialInput } from '../../src/protocol/store.ts';
import { parseCredential } from '../../src/secrets/credential-file.ts';
import { fileStore } from '../../src/secrets/file-store.ts';
import { noon, type TestContext, testContext } from '../support/context.ts';

const test = suite('file formats: properties');

/** A context with its own home. */
async function inHome(use: (context: TestContext, home: string) => void | Promise<void>) {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-formats-'));
  try {
    await use(testContext({ env: { HOME: home } }), home);
  } finally {
    fs.rmSync(home, { recursive: true });
  }
}

const text = fc.string({ unit: 'grapheme', minLength: 1 });
const anything = fc.oneof(fc.string({ unit: 'binary' }), fc.json(), text);
const credential = fc.record(
  { ServerURL: text, Username: text, Secret: text },
  { noNullPrototype: true },
);
const name = fc.stringMatching(/^[a-z0-9][a-z0-9._/-]{0,40}$/);

/** The text with a part removed, duplicated or replaced, like after a partial write or disk error. */
const damage = (whole: string) =>
  fc
    .tuple(fc.nat(whole.length), fc.nat(whole.length), fc.constantFrom('', '\0', '"', '}', '🐳'))
    .map(([a, b, put]) => whole.slice(0, Math.min(a, b)) + put + whole.slice(Math.max(a, b)));

test('credential file: returns any credential that was written', () =>
  inHome((context) => {
    const store = fileStore(context);
    const property = fc.property(name, credential, (key, given) => {
      store.write({ of: 'host', name: key }, given);
      assert.equal(store.read({ of: 'host', name: key }), given);
      assert.ok(store.names('host').includes(key));
      store.erase({ of: 'host', name: key });
      assert.is(store.read({ of: 'host', name: key }), undefined);
    });
    fc.assert(property, { numRuns: 60 });
  }));

test('damaged credential file: returns a complete credential or none', () => {
  const property = fc.property(
    credential.chain((given) => fc.tuple(fc.constant(given), damage(JSON.stringify(given)))),
    ([given, damaged]) => {
      const read = parseCredential(damaged);
      if (read === undefined) return;
      for (const value of Object.values(read)) assert.ok(typeof value === 'string' && value !== '');
      if (damaged === JSON.stringify(given)) assert.equal(read, given);
    },
  );
  fc.assert(property, { numRuns: 1000 });
  fc.assert(
    fc.property(anything, (garbage) => void parseCredential(garbage)),
    { numRuns: 1000 },
  );
});

const identity = fc.record(
  {
    kind: fc.constantFrom(...identityKinds),
    secretSetAt: fc.nat(),
    present: text,
    owner: text,
    expiresAt: fc.nat(),
  },
  { requiredKeys: ['kind', 'secretSetAt'], noNullPrototype: true },
);
const settings = fc.record(
  {
    identities: fc.dictionary(name, identity, { maxKeys: 4, noNullPrototype: true }),
    mappings: fc.dictionary(name, fc.record({ identity: name }, { noNullPrototype: true }), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
    store: name,
    previousStore: name,
    fallbackHelper: name,
    ibmcloudSession: fc.boolean(),
    unknownToThisVersion: fc.jsonValue(),
  },
  { requiredKeys: ['identities', 'mappings'], noNullPrototype: true },
);

test('settings: returns what was written, including unknown members', () =>
  inHome(async (context, home) => {
    const file = path.join(home, '.config', 'docker-credential-icr', 'config.json');
    const property = fc.asyncProperty(settings, async (given) => {
      fs.rmSync(file, { force: true });
      await updateSettings(context, () => given);
      const written = fs.readFileSync(file, 'utf8');
      const same = JSON.parse(JSON.stringify(given));
      assert.equal(JSON.parse(written), same);
      assert.equal(parseSettings(written), same);
    });
    await fc.assert(property, { numRuns: 40 });
  }));

const oldNames: Readonly<Record<string, string>> = {
  fallbackHelper: 'others',
  previousStore: 'leftovers',
  secretSetAt: 'since',
};

test('old names of fields are read, new names are written, and new names have precedence', () => {
  const property = fc.property(settings, fc.boolean(), (given, isBoth) => {
    const old = (object: object) =>
      Object.fromEntries(
        Object.entries(object).flatMap(([name, value]) => {
          const before = oldNames[name];
          if (before === undefined) return [[name, value]];
          return isBoth
            ? [
                [before, 'old'],
                [name, value],
              ]
            : [[before, value]];
        }),
      );
    const identities = Object.entries(given.identities).map(([name, each]) => [name, old(each)]);
    const text = JSON.stringify({ ...old(given), identities: Object.fromEntries(identities) });
    const read = parseSettings(text);
    const same = JSON.parse(JSON.stringify(given));
    assert.equal(read, same);
    assert.equal(JSON.parse(JSON.stringify(toFile(read ?? noSettings))), same);
  });
  fc.assert(property, { numRuns: 300 });
});

test('unusable entries are preserved', () => {
  const entries = fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true });
  const property = fc.property(settings, entries, entries, (given, identities, mappings) => {
    const file = JSON.parse(
      JSON.stringify({
        ...given,
        identities: { ...identities, ...given.identities },
        mappings: { ...mappings, ...given.mappings },
      }),
    );
    const read = parseSettings(JSON.stringify(file));
    assert.ok(read);
    assert.equal(JSON.parse(JSON.stringify(toFile(read))), file);
    for (const name in given.identities) assert.equal(read.identities[name], file.identities[name]);
  });
  fc.assert(property, { numRuns: 300 });
});

test('damaged settings are settings, or none: nothing throws', () => {
  const property = fc.property(
    settings.chain((given) => damage(JSON.stringify(given))),
    (damaged) => {
      const read = parseSettings(damaged);
      if (read === undefined) return;
      const { identities, mappings } = read;
      for (const each of Object.values(mappings))
        if (each.identity === undefined) assert.ok('written' in each);
      for (const each of Object.values(identities))
        assert.ok(isUsable(each) ? identityKinds.includes(each.kind) : 'written' in each);
    },
  );
  fc.assert(property, { numRuns: 1000 });
  fc.assert(
    fc.property(anything, (garbage) => void parseSettings(garbage)),
    { numRuns: 1000 },
  );
  assert.equal(parseSettings('{}'), noSettings);
});

const token: fc.Arbitrary<CachedToken> = fc.record(
  {
    token: text,
    issuedAt: fc.integer({ min: 0, max: noon }),
    expiresAt: fc.nat(),
    since: fc.nat(),
    failure: fc.record({ at: fc.nat(), why: text }, { noNullPrototype: true }),
  },
  { requiredKeys: ['token', 'issuedAt', 'expiresAt', 'since'], noNullPrototype: true },
);

test('token cache: returns the token that was stored for the same key only', () =>
  inHome((context, home) => {
    const property = fc.property(name, token, name, (kept, given, other) => {
      const key = { folder: path.join(home, 'cache'), name: kept, since: given.since };
      writeToken(context, key, given);
      const {
        name: _,
        endpoint: __,
        ...read
      } = { ...readToken(context, key), endpoint: '' } as {
        name?: string;
        endpoint?: string;
      };
      assert.equal(read, given);
      assert.is(readToken(context, { ...key, since: given.since + 1 }), undefined);
      if (other !== kept) assert.is(readToken(context, { ...key, name: `${other}x` }), undefined);
    });
    fc.assert(property, { numRuns: 60 });
    assert.equal(context.warnings, []);
  }));

test('damaged token cache: returns a token, or none with a warning', () =>
  inHome((context, home) => {
    const folder = path.join(home, 'cache');
    const key = { folder, name: 'work', since: 1 };
    const file = path.join(folder, 'work.json');
    writeToken(context, key, { token: 'canary', issuedAt: 1, expiresAt: 2, since: 1 });
    const whole = fs.readFileSync(file, 'utf8');
    const property = fc.property(fc.oneof(damage(whole), anything), (damaged) => {
      fs.writeFileSync(file, damaged, { mode: 0o600 });
      const read = readToken(context, key);
      if (read !== undefined) assert.ok(read.token !== '' && Number.isFinite(read.expiresAt));
      assert.not.match(context.warnings.join(''), 'canary');
    });
    fc.assert(property, { numRuns: 300 });
  }));

test('rotation journal: returns the new key and the replaced key', () =>
  inHome(async (context) => {
    // The format of IAM IDs, which is invalid for identity names.
    const id = fc.option(
      text.map((end) => `ApiKey ${end}`),
      { nil: undefined },
    );
    const property = fc.asyncProperty(name, text, id, id, async (of, value, oldId, newId) => {
      await writePendingKey(context, of, { value, oldId, newId }, undefined);
      const read = readPendingKey(context, of);
      assert.equal([read?.value, read?.oldId, read?.newId], [value, oldId, newId]);
      await erasePendingKey(context, of, `${value}x`);
      assert.is(readPendingKey(context, of)?.value, value, "another command's record");
      await erasePendingKey(context, of, value);
      assert.is(readPendingKey(context, of), undefined);
    });
    await fc.assert(property, { numRuns: 60 });
  }));

test('store: returns the credential from its input, or an error without any of it', () => {
  const canary = fc.stringMatching(/^canary[a-z]{6}$/);
  const property = fc.property(
    canary.chain((secret) => {
      const sent = { ServerURL: 'us.icr.io', Username: 'iamapikey', Secret: secret };
      return fc.oneof(fc.constant(JSON.stringify(sent)), damage(JSON.stringify(sent)), anything);
    }),
    (input) => {
      try {
        const { credential: read } = parseCredentialInput(input);
        assert.equal(JSON.parse(input).Secret, read.Secret);
      } catch (error) {
        if (!(error instanceof HelperError)) throw error;
        assert.is(error.code, 'invalid-input');
        assert.not.match(error.message, 'canary');
      }
    },
  );
  fc.assert(property, { numRuns: 2000 });
});

test('any standard input: each verb exits with 0, or with 1 and one line', () =>
  inHome(async (context, home) => {
    const file = path.join(home, 'input');
    const verb = fc.constantFrom('get', 'store', 'erase', 'list', 'version');
    const hosts = fc.constantFrom('us.icr.io', 'registry.example', 'https://index.docker.io/v1/');
    const stored = fc
      .tuple(hosts, text, text)
      .map(([ServerURL, Username, Secret]) => JSON.stringify({ ServerURL, Username, Secret }));
    const property = fc.asyncProperty(
      verb,
      fc.oneof(anything, hosts, stored),
      async (word, input) => {
        fs.writeFileSync(file, input);
        const written: string[] = [];
        const answer = async (out: string) => void written.push(out);
        const readInput = async () => fs.readFileSync(file);
        const command = protocolVerb([word]);
        assert.ok(command);
        const status = await serve({ ...context, readInput, answer }, command);
        const output = written.join('');
        if (status === 1) assert.match(output, /^[^\n]+\n$/);
        else if (output !== '' && word !== 'version') assert.type(JSON.parse(output), 'object');
      },
    );
    await fc.assert(property, { numRuns: 400 });
  }));

test.run();
