import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { OwnDirectory } from '../../src/files/own-directories.ts';
import {
  isTemporary,
  removeConfTemporaries,
  removeStale,
  removeTemporaries,
  temporaryName,
} from '../../src/files/temporary-files.ts';
import { testContext } from '../support/context.ts';
import { inHome } from '../support/home.ts';
import { fails } from '../support/rejects.ts';
import { systemError, withFs } from '../support/replaced-fs.ts';

const test = suite('temporary files');

const context = testContext();
const now = Date.now();

function inDirectory(use: (directory: OwnDirectory) => void): Promise<void> {
  return inHome(({ folder }) => use({ path: folder, stat: fs.lstatSync(folder) }));
}

/** Creates these files, `age` milliseconds old. */
function create(directory: string, names: readonly string[], age = 0): void {
  fs.mkdirSync(directory, { recursive: true });
  for (const name of names) {
    const file = path.join(directory, name);
    fs.writeFileSync(file, 'canary');
    fs.utimesSync(file, (now - age) / 1000, (now - age) / 1000);
  }
}

// FNV-1a; an older version's leftovers must be found by the same hash.
const hashes: readonly (readonly [target: string, hash: string])[] = [
  ['', '811c9dc5'],
  ['a', 'e40c292c'],
  ['foobar', 'bf9cf968'],
];

test('a name starts with the FNV-1a hash of its target', () => {
  for (const [target, hash] of hashes) {
    const name = temporaryName({ ...context, pid: 7 }, target);
    assert.ok(name.startsWith(`.${hash}-7-${context.now().toString(36)}-`), name);
    assert.ok(isTemporary(name));
  }
  const padded = Array.from({ length: 2000 }, (_, index) => temporaryName(context, `${index}`));
  assert.ok(padded.some((name) => name.startsWith('.0')));
  for (const name of padded) assert.ok(isTemporary(name), name);
});

test('two names of a process differ, even with equal random numbers', () => {
  const { random } = Math;
  try {
    for (const value of [0, 0.5]) {
      Math.random = () => value;
      const [one, two] = [temporaryName(context, 'x'), temporaryName(context, 'x')];
      assert.is.not(one, two);
      assert.ok(isTemporary(one), one);
    }
    Math.random = () => 0.5;
    const half = temporaryName(context, 'x');
    Math.random = () => 0.25;
    assert.is.not(half.split('-').at(-1), temporaryName(context, 'x').split('-').at(-1));
  } finally {
    Math.random = random;
  }
});

const temporary = '.e40c292c-1-2-3-4.tmp';
const ofOther = '.bf9cf968-1-2-3-4.tmp';
const old = '1-2-3-4';
const foreign = [`x${temporary}`, `${temporary}x`, '.e40c292-1-2-3-4.tmp', 'a', `x ${old}`, old];

for (const [target, left] of [
  ['a', [ofOther]],
  ['other', [temporary, ofOther]],
  [undefined, []],
] as const) {
  test(`removal for ${target ?? 'every target'} removes only matching names`, () =>
    inDirectory((directory) => {
      create(directory.path, [temporary, ofOther, ...foreign]);
      removeTemporaries(context, directory, target);
      assert.equal(fs.readdirSync(directory.path).sort(), [...foreign, ...left].sort());
    }));
}

test('a directory or a symlink with such a name is left', () =>
  inDirectory((directory) => {
    fs.mkdirSync(path.join(directory.path, temporary));
    fs.symlinkSync('nowhere', path.join(directory.path, ofOther));
    removeTemporaries(context, directory);
    assert.equal(fs.readdirSync(directory.path).sort(), [ofOther, temporary].sort());
  }));

test('the directory of older versions is emptied of their files, and removed if it is empty', () =>
  inDirectory((directory) => {
    const aside = path.join(directory.path, '.aside');
    const others = [`${old}-x.y`, `x${old}`, temporary];
    create(aside, [old, ...others]);
    removeTemporaries(context, directory, 'a');
    assert.equal(fs.readdirSync(aside).sort(), others.sort());
    for (const name of others) fs.rmSync(path.join(aside, name));
    create(aside, [old]);
    removeTemporaries(context, directory, 'a');
    assert.not.ok(fs.existsSync(aside));
  }));

test('the directory of older versions is left if it is a symlink or another user owns it', () =>
  inDirectory((directory) => {
    const target = path.join(directory.path, 'target');
    const aside = path.join(directory.path, '.aside');
    create(target, [old]);
    fs.symlinkSync(target, aside);
    removeTemporaries(context, directory);
    assert.equal(fs.readdirSync(target), [old]);
    fs.rmSync(aside);
    create(aside, [old]);
    removeTemporaries(testContext({ uid: (context.uid ?? 0) + 1 }), directory);
    assert.equal(fs.readdirSync(aside), [old]);
    // Windows lacks user IDs to compare.
    const { uid: _, ...windows } = context;
    removeTemporaries({ ...windows, uid: undefined }, directory);
    assert.not.ok(fs.existsSync(aside));
  }));

test('stale files are more than a minute older than the reference', () =>
  inDirectory((directory) => {
    const aside = path.join(directory.path, '.aside');
    const wholeSecond = Math.floor(now / 1000) * 1000;
    for (const [age, isLeft] of [
      [60_000, true],
      [61_000, false],
    ] as const) {
      for (const folder of [directory.path, aside]) {
        const name = folder === aside ? old : temporary;
        create(folder, [name]);
        const time = (wholeSecond - age) / 1000;
        fs.utimesSync(path.join(folder, name), time, time);
      }
      removeStale(context, directory, wholeSecond);
      assert.is(fs.existsSync(path.join(directory.path, temporary)), isLeft, String(age));
      assert.is(fs.existsSync(path.join(aside, old)), isLeft, String(age));
    }
  }));

test('files of conf are removed beside their target, and no others', () =>
  inDirectory(({ path: folder }) => {
    const target = path.join(folder, 'config.json');
    const suffix = '.tmp-1234567890abcdef';
    const others = [
      'config.json',
      `config.json${suffix}0`,
      `config.json-${suffix}`,
      `other.json${suffix}`,
      suffix,
      `${suffix}config.json`,
    ];
    create(folder, [`config.json${suffix}`, ...others]);
    removeConfTemporaries(target);
    assert.equal(fs.readdirSync(folder).sort(), others.sort());
  }));

test('a file that another process removes at the same time is not an error', () =>
  inDirectory((directory) => {
    create(directory.path, [temporary]);
    withFs({ unlinkSync: () => systemError('ENOENT') }, () =>
      removeTemporaries(context, directory),
    );
    withFs({ readdirSync: () => systemError('ENOENT') }, () =>
      removeTemporaries(context, directory),
    );
  }));

test('a file or a directory that cannot be removed or read is an error, but not for a write', () =>
  inDirectory((directory) => {
    create(directory.path, [temporary], 120_000);
    for (const [replaced, problem] of [
      [{ unlinkSync: () => systemError('EACCES') }, /cannot remove \S+\.tmp \(EACCES\)/],
      [{ readdirSync: () => systemError('EIO') }, /cannot read \S+ \(EIO\)/],
    ] as const) {
      withFs(replaced, () => {
        fails(() => removeTemporaries(context, directory), 'storage', problem);
        removeStale(context, directory, now);
      });
    }
  }));

test.run();
