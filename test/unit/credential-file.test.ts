import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { nodeFiles } from '../../src/files/file-readers.ts';
import {
  decodeName,
  fileOf,
  folderOf,
  parseCredential,
  prefetchCredential,
} from '../../src/secrets/credential-file.ts';
import { testContext } from '../support/context.ts';
import { inHome } from '../support/home.ts';

const test = suite("a stored credential's file");

const credential = { ServerURL: 'us.icr.io', Username: 'iamapikey', Secret: 'canary' };

test('has three texts, and other members are dropped', () =>
  assert.equal(parseCredential(JSON.stringify({ ...credential, other: 1 })), credential));

for (const name of Object.keys(credential)) {
  for (const value of [undefined, '', null, 7, ['canary'], {}]) {
    test(`is damaged if ${name} is ${JSON.stringify(value)}`, () =>
      assert.is(parseCredential(JSON.stringify({ ...credential, [name]: value })), undefined));
  }
}

for (const text of ['', '{', 'null', '[]', '"canary"']) {
  test(`is damaged if it holds ${text || 'nothing'}`, () =>
    assert.is(parseCredential(text), undefined));
}

test('the directories and file names of hosts and identities', () => {
  assert.is(folderOf('/c', 'host'), '/c/hosts');
  assert.is(fileOf('/c', { of: 'host', name: 'us.icr.io/ns' }), '/c/hosts/us.icr.io%2Fns.json');
  assert.is(fileOf('/c', { of: 'identity', name: 'work' }), '/c/identities/work.json');
  assert.is(decodeName('us.icr.io%2Fns'), 'us.icr.io/ns');
  assert.is(decodeName('100%'), '100%');
});

for (const [what, exists, expected] of [
  ['a stored credential', true, ['x.json']],
  ['a credential that is not stored, which may be damaged', false, ['x.json', 'x.json.damaged']],
] as const) {
  test(`${what}: reading starts with ${expected.join(' and ')}`, () =>
    inHome(async ({ env, config }) => {
      const begun: string[] = [];
      const prefetch = (file: string) => {
        begun.push(path.relative(path.join(config, 'hosts'), file));
        return exists;
      };
      const key = { of: 'host', name: 'x' } as const;
      const files = { ...nodeFiles, prefetch };
      await prefetchCredential(testContext({ env, files }), key);
      assert.equal(begun, expected);
      // Without a directory, or without that function, there is nothing to begin.
      await prefetchCredential(testContext({ files }), key);
      await prefetchCredential(testContext({ env }), key);
      assert.equal(begun, expected);
    }));
}

test.run();
