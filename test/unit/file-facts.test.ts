import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isAccessible, lstatOf, realPath, statOf } from '../../src/files/file-facts.ts';
import { timeBeside } from '../../src/files/server-time.ts';
import { inHome } from '../support/home.ts';
import { systemError, withFs } from '../support/replaced-fs.ts';

const test = suite('facts about a file');

test('of the target of a symlink', () =>
  inHome(({ folder }) => {
    const target = path.join(fs.realpathSync(folder), 'target');
    const link = path.join(folder, 'link');
    fs.writeFileSync(target, 'text', { mode: 0o400 });
    fs.symlinkSync('target', link);
    assert.equal([statOf(link)?.isFile(), statOf(link)?.size], [true, 4]);
    assert.is(lstatOf(link)?.isSymbolicLink(), true);
    assert.is(realPath(link), target);
    assert.is(isAccessible(link, fs.constants.R_OK), true);
    assert.is(isAccessible(link, fs.constants.X_OK), false);
  }));

test('are not known of a file that does not exist, and of a dangling symlink', () =>
  inHome(({ folder }) => {
    fs.symlinkSync('none', path.join(folder, 'link'));
    assert.is(lstatOf(path.join(folder, 'none')), undefined);
    for (const name of ['none', 'link', 'none/x']) {
      const file = path.join(folder, name);
      assert.equal([statOf(file), realPath(file)], [undefined, undefined]);
      assert.is(isAccessible(file, fs.constants.F_OK), false);
    }
  }));

test('the time is that of the file server, and no file is left or stays open', () =>
  inHome(({ folder }) => {
    const file = path.join(folder, 'x');
    fs.writeFileSync(file, '');
    const { openSync, closeSync } = fs;
    const opened: [string, number | undefined][] = [];
    const closed: number[] = [];
    const recorded = {
      openSync: (name: string, flags: string, mode: number) => {
        opened.push([name, mode]);
        return openSync(name, flags, mode);
      },
      closeSync: (descriptor: number) => {
        closed.push(descriptor);
        closeSync(descriptor);
      },
    };
    const fstatSync = () => ({ mtimeMs: 4711 });
    withFs({ ...recorded, fstatSync }, () => assert.is(timeBeside(file), 4711));
    const failing = () => systemError('EIO');
    withFs({ ...recorded, fstatSync: failing }, () => assert.throws(() => timeBeside(file), /EIO/));
    const [[name, mode] = ['', 0], [other] = ['']] = opened;
    assert.equal([name.startsWith(`${file}-`), mode], [true, 0o600]);
    assert.is.not(name, other);
    assert.equal([closed.length, fs.readdirSync(folder)], [2, ['x']]);
  }));

test('the time is not known in a directory that does not exist, and no file is followed or replaced', () =>
  inHome(({ folder }) => {
    assert.throws(() => timeBeside(path.join(folder, 'none', 'x')), /ENOENT/);
    const { random } = Math;
    Math.random = () => 0.5;
    try {
      const planted = path.join(folder, `x-${(0.5).toString(36).slice(2)}`);
      fs.symlinkSync('target', planted);
      assert.throws(() => timeBeside(path.join(folder, 'x')), /EEXIST/);
      assert.equal(fs.readdirSync(folder), [path.basename(planted)]);
    } finally {
      Math.random = random;
    }
  }));

test.run();
