import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openKeyFile } from '../../src/cli/api-key/key-file.ts';
import type { MadeApiKey } from '../../src/iam/api-key-changes.ts';
import { contextWith, errorOf, inFolder } from './clients-folder.ts';

const test = suite('file for a new API key');
const withRoot = process.geteuid?.() === 0 ? test : test.skip;
const context = contextWith({});
const created: MadeApiKey = {
  details: {
    id: 'ApiKey-1',
    name: 'laptop',
    description: undefined,
    iamId: undefined,
    accountId: undefined,
    locked: false,
    disabled: false,
    createdAt: undefined,
    createdBy: undefined,
    modifiedAt: undefined,
    expiresAt: undefined,
    supportSessions: false,
    actionWhenLeaked: undefined,
  },
  value: 'canary',
};

test('has the key and mode 0600', () => {
  inFolder((folder) => {
    const file = path.join(folder, 'key.json');
    openKeyFile(context, file).write(created);
    assert.is(JSON.parse(fs.readFileSync(file, 'utf8')).apikey, 'canary');
    assert.is(fs.statSync(file).mode & 0o777, 0o600);
  });
});

for (const [what, plant, problem] of [
  ['a file', (file: string) => fs.writeFileSync(file, 'theirs'), 'already exists'],
  ['a directory', (file: string) => fs.mkdirSync(file), 'already exists'],
  ['a dangling symlink', (file: string) => fs.symlinkSync('none', file), 'is a dangling symlink'],
] as const) {
  test(`${what} in its place: is refused and stays`, () => {
    inFolder((folder) => {
      const file = path.join(folder, 'key.json');
      plant(file);
      const { message, hint } = errorOf(() => openKeyFile(context, file));
      assert.equal([message, hint], [`${file} ${problem}`, 'use another file name']);
      assert.equal(fs.readdirSync(folder), ['key.json']);
    });
  });
}

test('discard: removes the file', () => {
  inFolder((folder) => {
    openKeyFile(context, path.join(folder, 'key.json')).discard();
    assert.equal(fs.readdirSync(folder), []);
  });
});

for (const [what, swap] of [
  ['another file', (file: string) => fs.renameSync(path.join(path.dirname(file), 'other'), file)],
  ['nothing', (file: string) => fs.unlinkSync(file)],
] as const) {
  test(`discard: leaves ${what} that has replaced the file`, () => {
    inFolder((folder) => {
      fs.writeFileSync(path.join(folder, 'other'), 'theirs');
      const file = path.join(folder, 'key.json');
      const { discard } = openKeyFile(context, file);
      swap(file);
      const before = fs.readdirSync(folder);
      discard();
      assert.equal(fs.readdirSync(folder), before);
    });
  });
}

withRoot(
  "root creates and discards a file in a user's directory with the rights of that user",
  () => {
    inFolder((folder) => {
      fs.chmodSync(folder, 0o755);
      const [theirs, roots] = ['theirs', 'roots'].map((name) => path.join(folder, name)) as [
        string,
        string,
      ];
      for (const each of [theirs, roots]) fs.mkdirSync(each);
      fs.chownSync(theirs, 1234, 4321);
      const file = path.join(theirs, 'key.json');
      const { discard } = openKeyFile(context, file);
      assert.equal([fs.statSync(file).uid, fs.statSync(file).gid], [1234, 4321]);
      // The user moves the file to a directory of root, through which the path then leads.
      fs.renameSync(file, path.join(roots, 'key.json'));
      fs.rmdirSync(theirs);
      fs.symlinkSync(roots, theirs);
      fs.lchownSync(theirs, 1234, 4321);
      assert.throws(discard, (error: Error) => 'code' in error && error.code === 'EACCES');
      assert.equal(fs.readdirSync(roots), ['key.json']);
      assert.match(
        errorOf(() => openKeyFile(context, path.join(theirs, 'new.json'))).message,
        'EACCES',
      );
      assert.is(process.geteuid?.(), 0);
    });
  },
);

for (const [what, plant, code] of [
  ['a file', (at: string) => fs.writeFileSync(at, ''), 'ENOTDIR'],
  ['a symlink to itself', (at: string) => fs.symlinkSync('directory', at), 'ELOOP'],
] as const) {
  test(`${what} in place of its directory: fails with the reason`, () => {
    inFolder((folder) => {
      const directory = path.join(folder, 'directory');
      plant(directory);
      const file = path.join(directory, 'below/key.json');
      assert.match(errorOf(() => openKeyFile(context, file)).message, `(${code})`);
    });
  });
}

test.run();
