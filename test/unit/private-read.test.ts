import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { nodeFiles } from '../../src/files/file-readers.ts';
import {
  isPresent,
  namesIn,
  type ReadRules,
  readPrivate,
  rulesFor,
} from '../../src/files/private-read.ts';
import { testContext } from '../support/context.ts';
import { inHome } from '../support/home.ts';
import { fails } from '../support/rejects.ts';
import { systemError, withFs } from '../support/replaced-fs.ts';

const test = suite('reading a private file');

const { O_NOFOLLOW, O_NONBLOCK } = fs.constants;
const text = 'canary';

function withFile(use: (file: string) => void, mode = 0o600): Promise<void> {
  return inHome(({ folder }) => {
    const file = path.join(folder, 'x.json');
    fs.writeFileSync(file, text);
    fs.chmodSync(file, mode);
    use(file);
  });
}

const settings = rulesFor.settings;
const modes: readonly (readonly [rules: ReadRules, mode: number, left: number])[] = [
  [{}, 0o600, 0o600],
  [{}, 0o400, 0o400],
  [{}, 0o644, 0o600],
  [{}, 0o666, 0o600],
  [{}, 0o610, 0o600],
  [settings, 0o644, 0o600],
  [settings, 0o666, 0o666],
  [{ tighten: false }, 0o644, 0o644],
  [{ tighten: false }, 0o666, 0o666],
  [{ tighten: false, keepsWritable: true }, 0o644, 0o644],
];
for (const [rules, mode, left] of modes) {
  const what = `${mode.toString(8)} becomes ${left.toString(8)}`;
  test(`the mode ${what} with ${JSON.stringify(rules)}`, () =>
    withFile((file) => {
      const context = testContext();
      assert.is(readPrivate(context, file, rules), text);
      assert.is(fs.statSync(file).mode & 0o777, left);
      const warning = `other users could read ${file}; its mode is now 0600`;
      assert.equal(context.warnings, left === mode ? [] : [warning]);
    }, mode));
}

test('without user IDs, modes are left', () =>
  withFile((file) => {
    const context = { ...testContext(), uid: undefined };
    assert.is(readPrivate(context, file), text);
    assert.is(fs.statSync(file).mode & 0o777, 0o644);
    assert.equal(context.warnings, []);
  }, 0o644));

test('16 MiB are read, and not one byte more', () =>
  withFile((file) => {
    fs.truncateSync(file, 16 * 1024 * 1024);
    assert.is(readPrivate(testContext(), file)?.length, 16 * 1024 * 1024);
    fs.truncateSync(file, 16 * 1024 * 1024 + 1);
    fails(() => readPrivate(testContext(), file), 'storage', /x\.json is larger than 16 MiB/);
  }));

test('is opened without blocking and without following a symlink', () =>
  withFile((file) => {
    const { openSync } = fs;
    let used = 0;
    const recorded = (name: string, flags: number) => {
      used = flags;
      return openSync(name, flags);
    };
    withFs({ openSync: recorded }, () => readPrivate(testContext(), file));
    assert.is(used, O_NONBLOCK | O_NOFOLLOW);
  }));

test('a FIFO that takes its place before it is opened is refused', () =>
  withFile((file) => {
    const { openSync } = fs;
    const replaced = (name: string, flags: number) => {
      fs.rmSync(file);
      execFileSync('mkfifo', [file]);
      return openSync(name, flags);
    };
    withFs({ openSync: replaced }, () =>
      fails(() => readPrivate(testContext(), file), 'storage', /is a FIFO, not a regular file/),
    );
  }));

test('a file that is removed before it is opened does not exist; another fault is an error', () =>
  withFile((file) => {
    const read = () => readPrivate(testContext(), file);
    for (const code of ['ENOENT', 'ENOTDIR']) {
      withFs({ openSync: () => systemError(code) }, () => assert.is(read(), undefined));
    }
    for (const name of ['openSync', 'readFileSync']) {
      withFs({ [name]: () => systemError('EIO') }, () =>
        fails(read, 'storage', /cannot read \S+x\.json \(EIO\)/),
      );
    }
    withFs({ readFileSync: () => systemError('ENOENT') }, () => fails(read, 'storage'));
  }));

test('is closed after it was read, and if it cannot be read', () =>
  withFile((file) => {
    const { closeSync } = fs;
    let closed = 0;
    const counted = (descriptor: number) => {
      closed += 1;
      closeSync(descriptor);
    };
    withFs({ closeSync: counted }, () => readPrivate(testContext(), file));
    assert.is(closed, 1);
    withFs({ closeSync: counted, readFileSync: () => systemError('EIO') }, () =>
      fails(() => readPrivate(testContext(), file), 'storage'),
    );
    assert.is(closed, 2);
  }));

test('a dangling symlink is a missing file, or an error if its target is needed', () =>
  inHome(({ folder }) => {
    const file = path.join(folder, 'x.json');
    fs.symlinkSync('none', file);
    assert.is(readPrivate(testContext(), file), undefined);
    fails(
      () => readPrivate(testContext(), file, { needsTarget: true }),
      'storage',
      /x\.json: its target does not exist; create none/,
    );
  }));

test('hidden names are not listed', () =>
  withFile((file) => {
    const folder = path.dirname(file);
    for (const name of ['.hidden', 'dot.']) fs.writeFileSync(path.join(folder, name), '');
    assert.equal(namesIn(testContext(), folder).sort(), ['dot.', 'x.json']);
  }));

test('a directory that is removed meanwhile has no names; another fault is an error', () =>
  withFile((file) => {
    const names = () => namesIn(testContext(), path.dirname(file));
    withFs({ readdirSync: () => systemError('ENOENT') }, () => assert.equal(names(), []));
    withFs({ readdirSync: () => systemError('EIO') }, () =>
      fails(names, 'storage', /cannot read \S+ \(EIO\)/),
    );
  }));

test('nothing is present in a directory that a dangling symlink names', () =>
  inHome(({ folder }) => {
    const named = path.join(folder, 'link');
    fs.symlinkSync('nowhere', named);
    assert.is(isPresent(testContext(), path.join(named, 'x.json')), false);
    assert.is(isPresent(testContext(), named), true);
  }));

test('the file reader on node:fs creates, finds and reads a file', () =>
  inHome(async ({ folder }) => {
    const file = path.join(folder, 'dir', 'x.json');
    const context = testContext();
    assert.is(await nodeFiles.isPresent(context, file), false);
    assert.is(await nodeFiles.read(context, file, 'secret'), undefined);
    await nodeFiles.create(context, file, text);
    assert.is(fs.statSync(file).mode & 0o777, 0o600);
    assert.is(await nodeFiles.isPresent(context, file), true);
    assert.is(await nodeFiles.read(context, file, 'secret'), text);
  }));

test.run();
