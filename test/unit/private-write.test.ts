import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  createPrivate,
  removeEveryTemporary,
  removePrivate,
  removeTemporariesOfConf,
  removeUnderLock,
  renamePrivate,
  writeNew,
  writePrivate,
} from '../../src/files/private-write.ts';
import { cannot, isAbsent, typeOf } from '../../src/files/storage-error.ts';
import { temporaryName } from '../../src/files/temporary-files.ts';
import { testContext } from '../support/context.ts';
import { inHome } from '../support/home.ts';
import { fails } from '../support/rejects.ts';
import { systemError, withFs } from '../support/replaced-fs.ts';

const test = suite('writing a private file');

const context = testContext();
const { renameSync, linkSync } = fs;

/** A file with the text `old` in a directory of its own. */
function withFile(use: (file: string, names: () => string[]) => void): Promise<void> {
  return inHome(({ folder }) => {
    const directory = path.join(folder, 'hosts');
    const file = path.join(directory, 'x.json');
    fs.mkdirSync(directory, { mode: 0o700 });
    fs.writeFileSync(file, 'old', { mode: 0o600 });
    use(file, () => fs.readdirSync(directory));
  });
}

const textOf = (file: string) => fs.readFileSync(file, 'utf8');

for (const [code, faults, calls, isDone] of [
  ['ENOENT', 4, 5, true],
  ['ENOENT', 5, 5, false],
  ['EIO', 1, 1, false],
] as const) {
  test(`a rename that fails ${faults} times with ${code} is tried ${calls} times`, () =>
    withFile((file, names) => {
      let called = 0;
      const failing = (from: string, to: string) => {
        called += 1;
        if (called <= faults) systemError(code);
        renameSync(from, to);
      };
      withFs({ renameSync: failing }, () => {
        const write = () => writePrivate(context, file, 'new');
        if (isDone) write();
        else fails(write, 'storage', new RegExp(`cannot write \\S+x\\.json \\(${code}\\)`));
      });
      assert.is(called, calls);
      assert.is(textOf(file), isDone ? 'new' : 'old');
      assert.equal(names(), ['x.json']);
    }));
}

test('a write that is stopped before the rename leaves the old file and nothing else', () =>
  withFile((file, names) => {
    const stop = () => {
      throw new TypeError('stopped');
    };
    assert.throws(() => writePrivate(context, file, 'new', stop), /stopped/);
    assert.is(textOf(file), 'old');
    assert.equal(names(), ['x.json']);
  }));

test('the owner may read and write a new file, whatever the umask; an existing one is an error', () =>
  withFile((file) => {
    const umask = process.umask(0o777);
    try {
      fs.closeSync(createPrivate(`${file}2`));
    } finally {
      process.umask(umask);
    }
    assert.is(fs.statSync(`${file}2`).mode & 0o777, 0o600);
    const fchmodSync = () => assert.unreachable('the mode is right already');
    withFs({ fchmodSync }, () => fs.closeSync(createPrivate(`${file}3`)));
    assert.throws(() => createPrivate(file), /EEXIST/);
    fs.symlinkSync('nowhere', `${file}4`);
    assert.throws(() => createPrivate(`${file}4`), /EEXIST|ELOOP/);
  }));

test('a file and its directory are synced before and after the rename, and closed', () =>
  withFile((file) => {
    const order: string[] = [];
    const { fsyncSync, closeSync } = fs;
    withFs(
      {
        fsyncSync: (descriptor: number) => {
          order.push(fs.fstatSync(descriptor).isDirectory() ? 'sync directory' : 'sync file');
          fsyncSync(descriptor);
        },
        closeSync: (descriptor: number) => {
          order.push('close');
          closeSync(descriptor);
        },
        renameSync: (from: string, to: string) => {
          order.push('rename');
          renameSync(from, to);
        },
      },
      () => writePrivate(context, file, 'new'),
    );
    assert.equal(order, ['sync file', 'close', 'rename', 'sync directory', 'close']);
    const failing = () => systemError('EINVAL');
    withFs({ fsyncSync: failing }, () =>
      fails(() => writePrivate(context, file, 'newer'), 'storage', /EINVAL/),
    );
  }));

test('a write removes the temporary file of a process that was killed more than a minute ago', () =>
  withFile((file, names) => {
    const directory = path.dirname(file);
    const [stale, recent] = ['y', 'z'].map((target) => temporaryName(context, target));
    for (const name of [stale, recent]) fs.writeFileSync(path.join(directory, name ?? ''), '');
    const twoMinutesAgo = Date.now() / 1000 - 120;
    fs.utimesSync(path.join(directory, stale ?? ''), twoMinutesAgo, twoMinutesAgo);
    writePrivate(context, file, 'new');
    assert.equal(names().sort(), [recent, 'x.json']);
  }));

test('a directory that cannot be used is reported as such', () =>
  withFile((file) => {
    const link = path.join(path.dirname(file), 'link');
    fs.symlinkSync('none', link);
    const write = () => writePrivate(context, path.join(link, 'x.json'), 'new');
    fails(write, 'storage', /link: its target does not exist/);
  }));

test('a new file is for its owner only, and closed; an existing one stays', () =>
  withFile((file, names) => {
    const made = path.join(path.dirname(file), 'new.json');
    const { closeSync } = fs;
    let closed = 0;
    const counted = (descriptor: number) => {
      closed += 1;
      closeSync(descriptor);
    };
    withFs({ closeSync: counted }, () => writeNew(context, made, 'text'));
    assert.equal([textOf(made), fs.statSync(made).mode & 0o777, closed], ['text', 0o600, 1]);
    assert.throws(() => writeNew(context, file, 'text'), /EEXIST/);
    assert.is(textOf(file), 'old');
    assert.equal(names().sort(), ['new.json', 'x.json']);
  }));

test('returns whether the removed file existed', () =>
  withFile((file, names) => {
    fs.writeFileSync(path.join(path.dirname(file), temporaryName(context, 'x.json')), '');
    assert.is(removePrivate(context, file), true);
    assert.equal(names(), []);
    assert.is(removePrivate(context, file), false);
    assert.is(removePrivate(context, path.join(path.dirname(file), 'none', 'x.json')), false);
    withFs({ unlinkSync: () => systemError('EACCES') }, () =>
      fails(() => removePrivate(context, file), 'storage', /cannot remove \S+x\.json \(EACCES\)/),
    );
  }));

/** Throws at its call of this number. */
function lostAt(call: number, before = () => {}): () => void {
  let calls = 0;
  return () => {
    calls += 1;
    if (calls !== call) return;
    before();
    throw new TypeError('lost');
  };
}

test('is removed under a lock, with its temporary files', () =>
  withFile((file, names) => {
    let calls = 0;
    fs.writeFileSync(path.join(path.dirname(file), temporaryName(context, 'x.json')), '');
    removeUnderLock(context, file, () => {
      calls += 1;
    });
    assert.equal([names(), calls], [[], 2]);
    removeUnderLock(context, file, () => {});
    removeUnderLock(context, path.join(path.dirname(file), 'none', 'x'), lostAt(1));
    fs.mkdirSync(file);
    fails(() => removeUnderLock(context, file, () => {}), 'storage', /cannot remove \S+x\.json/);
    assert.equal(names(), ['x.json']);
  }));

test('is removed also if it cannot be renamed, as on a full disk', () =>
  withFile((file, names) => {
    withFs({ renameSync: () => systemError('ENOSPC') }, () =>
      removeUnderLock(context, file, () => {}),
    );
    assert.equal(names(), []);
  }));

for (const [what, replaced] of [
  ['', {}],
  [' without hard links', { linkSync: () => systemError('EPERM') }],
] as const) {
  test(`is put back if the lock was lost${what}`, () =>
    withFile((file, names) => {
      for (const call of [1, 2]) {
        withFs(replaced, () =>
          assert.throws(() => removeUnderLock(context, file, lostAt(call)), /lost/),
        );
        assert.is(textOf(file), 'old');
        assert.equal(names(), ['x.json']);
      }
    }));
}

test('does not replace a newer file when it is put back', () =>
  withFile((file, names) => {
    const newer = () => fs.writeFileSync(file, 'newer');
    assert.throws(() => removeUnderLock(context, file, lostAt(2, newer)), /lost/);
    assert.is(textOf(file), 'newer');
    assert.equal(names(), ['x.json']);
    // Removed by another command meanwhile: it stays removed.
    const gone = (from: string, to: string) => {
      fs.rmSync(from);
      linkSync(from, to);
    };
    withFs({ linkSync: gone }, () =>
      assert.throws(() => removeUnderLock(context, file, lostAt(2)), /lost/),
    );
    assert.equal(names(), []);
  }));

test('is renamed in its directory, if there is one', () =>
  withFile((file, names) => {
    renamePrivate(context, file, 'y.json');
    assert.equal(names(), ['y.json']);
    renamePrivate(context, path.join(path.dirname(file), 'none', 'x'), 'y');
    const reader = testContext({ readOnly: true });
    const named = path.join(path.dirname(file), 'y.json');
    fails(() => renamePrivate(reader, named, 'z.json'), 'storage', /y\.json is not renamed/);
    assert.equal(names(), ['y.json']);
  }));

test('every temporary file of a directory is removed', () =>
  withFile((file, names) => {
    const directory = path.dirname(file);
    for (const name of ['x.json', 'y']) {
      fs.writeFileSync(path.join(directory, temporaryName(context, name)), '');
    }
    removeEveryTemporary(context, directory);
    assert.equal(names(), ['x.json']);
    removeEveryTemporary(context, path.join(directory, 'none'));
  }));

const isRoot = process.geteuid?.() === 0;
(isRoot ? test : test.skip)(
  "root removes no temporary file in a user's directory (needs root)",
  () =>
    withFile((file, names) => {
      const directory = path.dirname(file);
      fs.writeFileSync(path.join(directory, temporaryName(context, 'x')), '');
      fs.chownSync(directory, 4242, 4242);
      const root = testContext({ uid: 0 });
      fails(() => removeEveryTemporary(root, directory), 'storage', /root does not write/);
      fails(() => removeTemporariesOfConf(root, file), 'storage', /root does not write/);
      fails(() => removePrivate(root, file), 'storage', /root does not write/);
      fails(() => removeUnderLock(root, file, () => {}), 'storage', /root does not write/);
      fails(() => renamePrivate(root, file, 'y'), 'storage', /root does not write/);
      assert.is(names().length, 2);
    }),
);

test('temporary files of conf are removed beside the file or the target of a symlink', () =>
  withFile((file, names) => {
    const directory = path.dirname(file);
    const suffix = '.tmp-1234567890abcdef';
    const target = path.join(directory, 'target');
    const link = path.join(directory, 'link');
    fs.writeFileSync(target, '');
    fs.symlinkSync('target', link);
    for (const each of [file, target, link]) fs.writeFileSync(each + suffix, '');
    const left = () => names().filter((name) => name.endsWith(suffix));
    removeTemporariesOfConf(context, file);
    assert.equal(left().sort(), [`link${suffix}`, `target${suffix}`]);
    removeTemporariesOfConf(context, link);
    assert.equal(left(), [`link${suffix}`]);
    fs.rmSync(target);
    removeTemporariesOfConf(context, link);
    removeTemporariesOfConf(context, path.join(directory, 'none', 'x'));
    assert.equal(left(), [`link${suffix}`]);
  }));

test('errors of the system have a hint that fits them', () => {
  const hints = {
    EACCES: /check the owner and mode/,
    EPERM: /check the owner and mode/,
    EROFS: /make its file system writable/,
    EBUSY: /mount its directory instead/,
    ENOSPC: /free space/,
    EDQUOT: /quota/,
    EISDIR: /move away the directory/,
    ENOTDIR: /move away its parent/,
    EEXIST: /move away its parent/,
  };
  for (const [code, hint] of Object.entries(hints)) {
    const error = cannot('write', '/x', Object.assign(new Error(code), { code }));
    assert.is(error.message, `cannot write /x (${code})`);
    assert.match(error.hint ?? '', hint);
  }
  assert.is(cannot('read', '/x', 'why').message, 'cannot read /x (why)');
  assert.is(cannot('read', '/x', 'why').hint, undefined);
  for (const code of ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'EACCES', undefined]) {
    const error = Object.assign(new Error('x'), { code });
    assert.is(isAbsent(error), code !== undefined && code !== 'EACCES');
  }
});

test('directory entries have a type in messages', () =>
  withFile((file) => {
    assert.is(typeOf(fs.lstatSync(file)), 'a regular file');
    assert.is(typeOf(fs.lstatSync(path.dirname(file))), 'a directory');
    fs.symlinkSync('x', `${file}2`);
    assert.is(typeOf(fs.lstatSync(`${file}2`)), 'a symlink');
    assert.is(typeOf(fs.statSync('/dev/null')), 'a device');
    for (const [mode, type] of [
      [0o010600, 'a FIFO'],
      [0o140600, 'a socket'],
    ] as const) {
      assert.is(typeOf(Object.assign(fs.lstatSync(file), { mode })), type);
    }
  }));

test.run();
