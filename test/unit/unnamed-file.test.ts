import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { unnamedFile } from '../../src/files/unnamed-file.ts';
import { contextWith, inFolder } from './clients-folder.ts';

const test = suite('unnamed file');

test('a child process reads the text, and the directory is empty', () =>
  inFolder((folder) => {
    const directory = path.join(folder, 'identities');
    const text = `canary ${'é'.repeat(100_000)}`;
    const descriptor = unnamedFile(contextWith({}), directory, text);
    assert.equal(fs.readdirSync(directory), []);
    assert.equal(
      [fs.fstatSync(descriptor).mode & 0o777, fs.fstatSync(descriptor).nlink],
      [0o600, 0],
    );
    const { stdout } = spawnSync('cat', { stdio: [descriptor, 'pipe', 'pipe'], encoding: 'utf8' });
    assert.is(stdout, text);
    fs.closeSync(descriptor);
  }));

test.run();
