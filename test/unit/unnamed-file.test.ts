import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { unnamedFile } from '../../src/files/unnamed-file.ts';
import { fails } from '../support/rejects.ts';
import { systemError, withFs } from '../support/replaced-fs.ts';
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

test('is created for its owner only, and never through a symlink or over a file', () =>
  inFolder((folder) => {
    const { openSync } = fs;
    let opened: unknown[] = [];
    const recorded = (file: string, flags: number, mode: number) => {
      opened = [flags, mode];
      return openSync(file, flags, mode);
    };
    const make = () => unnamedFile(contextWith({}), path.join(folder, 'identities'), 'canary');
    fs.closeSync(withFs({ openSync: recorded }, make));
    const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = fs.constants;
    assert.equal(opened, [O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600]);
  }));

test('has the whole text if the system writes it in parts; a full disk is an error', () =>
  inFolder((folder) => {
    const directory = path.join(folder, 'identities');
    const { writeSync } = fs;
    const inParts = (file: number, bytes: Buffer, from: number, length: number, at: number) =>
      writeSync(file, bytes, from, length > 4 ? length - 1 : length, at);
    const make = () => unnamedFile(contextWith({}), directory, 'canary-text');
    const descriptor = withFs({ writeSync: inParts }, make);
    assert.is(fs.readFileSync(descriptor, 'utf8'), 'canary-text');
    fs.closeSync(descriptor);
    withFs({ openSync: () => systemError('ENOSPC') }, () =>
      fails(make, 'storage', /^cannot write \S+ \(ENOSPC\); free space/),
    );
    const { closeSync } = fs;
    let closed = 0;
    const counted = (open: number) => {
      closed += 1;
      closeSync(open);
    };
    withFs({ writeSync: () => systemError('ENOSPC'), closeSync: counted }, () =>
      fails(make, 'storage', /ENOSPC/),
    );
    assert.equal([closed, fs.readdirSync(directory)], [1, []]);
  }));

test.run();
