import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  entryAt,
  existingDirectory,
  makePrivateFolder,
  requireChangeable,
  requireDirectory,
} from '../../src/files/own-directories.ts';
import { testContext } from '../support/context.ts';
import { inFolder, link, make, me, mine, other, withOwner } from '../support/owned-folder.ts';
import { fails } from '../support/rejects.ts';
import { systemError, withFs } from '../support/replaced-fs.ts';

const test = suite('own directories');

const needRoot = process.geteuid?.() === 0 ? test : test.skip;
const root = testContext({ uid: 0 });

for (const name of ['access-log', 'hosts', 'identities', 'signed-out', 'config.lock']) {
  test(`the directory above ${name} is checked as well`, () =>
    inFolder((folder) => {
      const target = make(folder, 'dotfiles', 'icr');
      make(target, name);
      const config = link(target, path.join(folder, 'icr'));
      const named = path.join(config, name);
      assert.is(existingDirectory(mine, named, 'own')?.path, path.join(target, name));
      fs.chmodSync(target, 0o777);
      fails(() => existingDirectory(mine, named, 'own'), 'storage', /others? users can write/);
    }));
}

test('a dangling symlink has nothing to read, and is an error for a write', () =>
  inFolder((folder) => {
    const config = link('none', path.join(folder, 'icr'));
    assert.is(existingDirectory(mine, config, 'read'), undefined);
    fails(
      () => existingDirectory(mine, config, 'own'),
      'storage',
      /icr: its target does not exist; create none, or remove \S+icr$/,
    );
  }));

test('a slash at the end does not lead through a symlink to another directory', () =>
  inFolder((folder) => {
    const target = make(folder, 'dotfiles', 'icr');
    const lock = link(target, path.join(folder, 'x.lock'));
    for (const end of ['', '/', '//', '/.', '/./', '//.//']) {
      const config = existingDirectory(mine, target + end, 'own');
      assert.equal([config?.path, config?.stat.ino], [target, fs.statSync(target).ino], end);
      fails(() => existingDirectory(mine, lock + end, 'own'), 'storage', /is a symlink/);
    }
    for (const name of ['/', '/.']) assert.ok(existingDirectory(mine, name, 'read'));
    const hidden = make(folder, '.icr');
    assert.is(existingDirectory(mine, hidden, 'own')?.path, hidden);
  }));

test('a directory below a symlink keeps its path', () =>
  inFolder((folder) => {
    make(folder, 'home', 'icr');
    const config = path.join(link('home', path.join(folder, 'user')), 'icr');
    assert.is(existingDirectory(mine, config, 'own')?.path, config);
  }));

for (const [uid, access, problem] of [
  [me, 'read', /is owned by user 1717/],
  [me, 'own', /is owned by user 1717/],
  [0, 'own', /root does not write to \S+icr of user 1717/],
  [0, 'read', undefined],
  [undefined, 'own', undefined],
] as const) {
  test(`user ${uid}, access ${access}: a directory of another user is ${problem ? 'refused' : 'used'}`, () =>
    inFolder((folder) => {
      const config = make(folder, 'icr');
      withOwner(other, () => {
        const existing = () => existingDirectory({ ...mine, uid }, config, access);
        if (problem !== undefined) fails(existing, 'storage', problem);
        else assert.is(existing()?.path, config);
      });
    }));
}

test('a lock is never a symlink', () =>
  inFolder((folder) => {
    const lock = link(make(folder, 'target'), path.join(folder, 'x.lock'));
    fails(() => existingDirectory(mine, lock, 'own'), 'storage', /a symlink, not a directory/);
  }));

test('an unreadable path is an error; an impossible path does not exist', () => {
  withFs({ lstatSync: () => systemError('EACCES') }, () =>
    fails(() => entryAt('/x'), 'storage', /cannot read \/x \(EACCES\)/),
  );
  for (const code of ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG']) {
    withFs({ lstatSync: () => systemError(code) }, () => assert.is(entryAt('/x'), undefined));
  }
});

test('creates a directory and its parents with mode 0700 for any umask', () =>
  inFolder((folder) => {
    const umask = process.umask(0o777);
    try {
      const [above, made] = [path.join(folder, 'a'), path.join(folder, 'a', 'b')];
      makePrivateFolder(made);
      for (const each of [above, made]) assert.is(fs.statSync(each).mode & 0o777, 0o700);
      makePrivateFolder(made);
    } finally {
      process.umask(umask);
    }
    const chmodSync = () => assert.unreachable('the mode is right already');
    withFs({ chmodSync }, () => makePrivateFolder(path.join(folder, 'c')));
  }));

test('a directory that another process creates at the same time is not an error', () =>
  inFolder((folder) => {
    const { mkdirSync } = fs;
    const made = path.join(folder, 'a', 'b');
    const makeFirst = (file: string) => {
      mkdirSync(file);
      if (file === made) systemError('EEXIST');
    };
    withFs({ mkdirSync: makeFirst }, () => makePrivateFolder(made));
    assert.ok(fs.existsSync(made));
    const failing = path.join(folder, 'c');
    for (const code of ['EACCES', 'EEXIST']) {
      withFs({ mkdirSync: () => systemError(code) }, () =>
        assert.throws(() => makePrivateFolder(failing), new RegExp(code)),
      );
    }
    const thenDenied = (file: string) => [mkdirSync(file), systemError('EACCES')];
    withFs({ mkdirSync: thenDenied }, () =>
      assert.throws(() => makePrivateFolder(failing), /EACCES/),
    );
  }));

test('creates a directory in a directory of the user', () =>
  inFolder((folder) => {
    const made = path.join(folder, 'a', 'b');
    assert.is(requireDirectory(mine, made).path, made);
    assert.is(requireDirectory(mine, made).path, made);
  }));

test('a directory that is removed right after its creation is an error', () =>
  inFolder((folder) =>
    withFs({ existsSync: () => true }, () =>
      fails(
        () => requireDirectory(mine, path.join(folder, 'a')),
        'storage',
        /cannot create \S+a \(it was removed at the same time\)/,
      ),
    ),
  ));

needRoot('root makes no directory below that of a user, and uses its own (needs root)', () =>
  inFolder((folder) => {
    for (const parts of [['a'], ['a', 'b', 'c']]) {
      const named = path.join(folder, ...parts);
      fails(() => requireDirectory(root, named), 'storage', /root does not write to/);
      assert.equal(fs.readdirSync(folder), []);
    }
    const own = path.join(folder, 'own');
    fs.mkdirSync(own);
    assert.is(requireDirectory(root, own).path, own);
  }),
);

for (const [uid, owner, name, isRefused] of [
  [0, 0, 'own', false],
  [0, 0, 'none', false],
  [0, 0, 'none/deep', false],
  [0, other, 'own', true],
  [0, other, 'none', true],
  [0, other, 'none/deep', true],
  [me, me, 'none', false],
  [me, other, 'none', false],
  [me, other, 'own', true],
] as const) {
  const verb = isRefused ? 'must not' : 'may';
  test(`user ${uid} ${verb} change ${name} in a directory of user ${owner}`, () =>
    inFolder((folder) => {
      make(folder, 'own');
      const directory = path.join(folder, name);
      const context = testContext({ uid });
      withOwner(owner, () => {
        const change = () => requireChangeable(context, directory);
        if (isRefused) fails(change, 'storage', /root does not write to|is owned by user 1717/);
        else change();
        if (uid !== 0) return;
        if (isRefused) fails(() => requireDirectory(context, directory), 'storage');
        else assert.is(requireDirectory(context, directory).path, directory);
      });
    }));
}

test('root may change a directory whose parent is a file: the write fails with the reason', () =>
  inFolder((folder) => {
    fs.writeFileSync(path.join(folder, 'file'), '');
    requireChangeable(root, path.join(folder, 'file', 'below', 'deep'));
    const statSync = () => systemError('EACCES');
    withFs({ statSync }, () =>
      assert.throws(() => requireChangeable(root, path.join(folder, 'none')), /EACCES/),
    );
  }));

test.run();
