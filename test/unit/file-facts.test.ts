import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isAccessible, realPath, statOf } from '../../src/files/file-facts.ts';
import { inHome } from '../support/home.ts';

const test = suite('facts about a file');

test('of the target of a symlink', () =>
  inHome(({ folder }) => {
    const target = path.join(fs.realpathSync(folder), 'target');
    const link = path.join(folder, 'link');
    fs.writeFileSync(target, 'text', { mode: 0o400 });
    fs.symlinkSync('target', link);
    assert.equal([statOf(link)?.isFile(), statOf(link)?.size], [true, 4]);
    assert.is(realPath(link), target);
    assert.is(isAccessible(link, fs.constants.R_OK), true);
    assert.is(isAccessible(link, fs.constants.X_OK), false);
  }));

test('are not known of a file that does not exist, and of a dangling symlink', () =>
  inHome(({ folder }) => {
    fs.symlinkSync('none', path.join(folder, 'link'));
    for (const name of ['none', 'link', 'none/x']) {
      const file = path.join(folder, name);
      assert.equal([statOf(file), realPath(file)], [undefined, undefined]);
      assert.is(isAccessible(file, fs.constants.F_OK), false);
    }
  }));

test.run();
