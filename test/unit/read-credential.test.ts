import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Files } from '../../src/context.ts';
import { nodeFiles } from '../../src/files/file-readers.ts';
import { readCredential } from '../../src/secrets/credential-file.ts';
import type { Credential, SecretKey, SecretStore } from '../../src/secrets/store-types.ts';
import { testContext } from '../support/context.ts';
import { type Home, inHome, writeConfig } from '../support/home.ts';

const test = suite('reading a stored credential');

const key: SecretKey = { of: 'host', name: 'us.icr.io' };
const inFile: Credential = { ServerURL: 'us.icr.io', Username: 'me', Secret: 'canary-file' };
const unused = (): never => {
  throw new Error('not expected');
};

/** Reads with a store of that name; returns the secret, the files that were read, and how often the store was opened. */
async function read(env: Home['env'], storeName: string) {
  const kinds: string[] = [];
  const files: Files = {
    ...nodeFiles,
    read: (context, file, kind) => {
      kinds.push(`${path.basename(file)} ${kind}`);
      return nodeFiles.read(context, file, kind);
    },
  };
  let opened = 0;
  const opens: SecretStore = {
    read: (asked) => (asked === key ? { ...inFile, Secret: 'canary-store' } : unused()),
    write: unused,
    erase: unused,
    names: unused,
  };
  const store = {
    name: async () => storeName,
    open: async () => {
      opened += 1;
      return opens;
    },
  };
  const found = await readCredential(testContext({ env, files }), store, key);
  return [found?.Secret, kinds, opened];
}

const [file, aside] = ['us.icr.io.json secret', 'us.icr.io.json.damaged secret'];
const rows: readonly (readonly [
  what: string,
  files: Readonly<Record<string, string>>,
  expected: readonly [secret: string | undefined, kinds: readonly string[], opened: number],
])[] = [
  ['a file', { 'us.icr.io.json': JSON.stringify(inFile) }, ['canary-file', [file], 0]],
  ['no file', {}, [undefined, [file, aside], 0]],
  ['a damaged file: asks the store', { 'us.icr.io.json': '{' }, ['canary-store', [file], 1]],
  ['an empty file: asks the store', { 'us.icr.io.json': '' }, ['canary-store', [file], 1]],
  [
    'a damaged file that was set aside: asks the store',
    { 'us.icr.io.json.damaged': '{' },
    ['canary-store', [file, aside], 1],
  ],
];
for (const [what, files, expected] of rows) {
  test(`${what}`, () =>
    inHome(async (home) => {
      for (const [name, text] of Object.entries(files)) writeConfig(home, `hosts/${name}`, text);
      assert.equal(await read(home.env, 'file'), expected);
    }));
}

test('a keychain: reads no file', () =>
  inHome(async (home) => {
    writeConfig(home, 'hosts/us.icr.io.json', JSON.stringify(inFile));
    assert.equal(await read(home.env, 'pass'), ['canary-store', [], 1]);
  }));

test('no configuration directory: nothing is stored', async () => {
  assert.equal(await read({}, 'file'), [undefined, [], 0]);
});

test.run();
