import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { followLink } from '../../src/files/symlinks.ts';
import {
  foreign,
  isReplaceable,
  isTrustedOwner,
  isWritableByOthers,
  userTitle,
} from '../../src/files/trust.ts';
import { give, inFolder, link, make, me, mine, other } from '../support/owned-folder.ts';
import { fails } from '../support/rejects.ts';
import { systemError, withFs } from '../support/replaced-fs.ts';

const test = suite('trusted owners, modes and symlinks');

const needRoot = process.geteuid?.() === 0 ? test : test.skip;

const owners: readonly (readonly [user: number | undefined, uid: number, expected: boolean])[] = [
  [7, 7, true],
  [7, 0, true],
  [7, 8, false],
  [0, 7, false],
  [undefined, 8, true],
];
for (const [uid, owner, expected] of owners) {
  test(`user ${uid} ${expected ? 'trusts' : 'does not trust'} files of user ${owner}`, () =>
    assert.is(isTrustedOwner({ uid }, statOf(owner, 0, 0o777)), expected));
}

function statOf(uid: number, gid: number, mode: number): fs.Stats {
  return Object.assign(fs.statSync('/'), { uid, gid, mode: 0o40000 | mode });
}

// A group with the owner's number is the owner's alone; root's group has other members.
const modes: readonly (readonly [uid: number, gid: number, mode: number, expected: boolean])[] = [
  [7, 7, 0o775, false],
  [7, 8, 0o775, true],
  [7, 8, 0o755, false],
  [7, 7, 0o777, true],
  [7, 7, 0o703, true],
  [7, 7, 0o701, false],
  [7, 8, 0o711, false],
  [0, 0, 0o770, true],
  [1, 1, 0o770, false],
];
for (const [uid, gid, mode, expected] of modes) {
  test(`mode ${mode.toString(8)} of ${uid}:${gid} lets others write: ${expected}`, () => {
    const stat = statOf(uid, gid, mode);
    assert.is(isWritableByOthers({ uid: 7 }, stat), expected);
    assert.is(isReplaceable({ uid: 7 }, stat), expected);
    assert.is(isReplaceable({ uid: 7 }, statOf(uid, gid, mode | 0o1000)), false);
    assert.is(isWritableByOthers({ uid: undefined }, stat), false);
  });
}

test('users have a name and a number in messages', () => {
  const passwd = 'root:x:0:0:r:/root:/bin/sh\nann:x:5:6::/:\nbad name:x:8:8::/:\nann bad:x:9:9::/:';
  withFs({ readFileSync: () => passwd }, () => {
    assert.is(userTitle(0), 'user root (0)');
    assert.is(userTitle(5), 'user ann (5)');
    // Terminals and other programs could interpret these names.
    for (const uid of [6, 8, 9]) assert.is(userTitle(uid), `user ${uid}`);
    const error = foreign({ uid: 5 }, '/x', statOf(0, 0, 0));
    assert.match(error.message, /user root \(0\), not by user ann \(5\)/);
  });
  withFs({ readFileSync: () => systemError('ENOENT') }, () => assert.is(userTitle(0), 'user 0'));
  if (process.platform === 'linux') assert.is(userTitle(0), 'user root (0)');
});

/** Creates a chain of symlinks; returns the first. */
function chain(folder: string, length: number): string {
  let target = make(folder, 'target');
  for (let i = 0; i < length; i += 1) target = link(target, path.join(folder, `${length}-${i}`));
  return target;
}

test('follows as many symlinks as Linux', () =>
  inFolder((folder) => {
    assert.is(followLink(mine, chain(folder, 40)), path.join(folder, 'target'));
    fails(() => followLink(mine, chain(folder, 41)), 'storage', /leads to itself/);
  }));

test('follows a symlink into a sticky directory, but not to a sticky directory', () =>
  inFolder((folder) => {
    const shared = make(folder, 'shared');
    const target = make(shared, 'target');
    fs.chmodSync(shared, 0o1777);
    const at = link(target, path.join(folder, 'link'));
    assert.is(followLink(mine, at), target);
    fs.chmodSync(target, 0o1777);
    fails(() => followLink(mine, at), 'storage', /other users can write to \S+target/);
  }));

test('the root directory is above every symlink and not checked', () =>
  inFolder((folder) => {
    const target = make(folder, 'target');
    const at = link(path.join('../'.repeat(20), target), path.join(folder, 'link'));
    const { lstatSync } = fs;
    const writableRoot = (file: string, options?: object) => {
      const stat = lstatSync(file, options);
      return file === '/' ? Object.assign(stat ?? {}, { mode: 0o40777 }) : stat;
    };
    assert.is(
      withFs({ lstatSync: writableRoot }, () => followLink(mine, at)),
      target,
    );
  }));

test('a directory above the symlink is not checked again', () =>
  inFolder((folder) => {
    const config = make(folder, 'config');
    const target = make(config, 'target');
    fs.chmodSync(folder, 0o777);
    assert.is(followLink(mine, link(target, path.join(config, 'link'))), target);
    fs.chmodSync(config, 0o777);
    const writable = link(target, path.join(config, 'second'));
    fails(() => followLink(mine, writable), 'storage', /other users can write/);
  }));

needRoot('a target, and the directory of a symlink, of another user are refused (needs root)', () =>
  inFolder((folder) => {
    const target = make(folder, 'target');
    give(target, other);
    const at = link(target, path.join(folder, 'link'));
    fails(() => followLink(mine, at), 'storage', /target is owned by user 1717/);
    give(folder, other);
    give(target, me);
    fails(() => followLink(mine, at), 'storage', /is owned by user 1717/);
  }),
);

test.run();
