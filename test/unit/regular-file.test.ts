import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { systemCode } from '../../src/errors.ts';
import { isSameFile, type Regular, readRegular } from '../../src/files/regular-file.ts';
import { inHome } from '../support/home.ts';
import { withFs } from '../support/replaced-fs.ts';

const test = suite('files of other programs');

function outcome(file: string): string | undefined {
  try {
    const read: Regular = readRegular(file, 8);
    if ('bytes' in read) return read.bytes.toString();
    return 'type' in read ? read.type : `${read.size} bytes`;
  } catch (error) {
    return systemCode(error);
  }
}

const kinds: Readonly<Record<string, readonly [make: (file: string) => void, expected: string]>> = {
  'a file': [(file) => fs.writeFileSync(file, '12345678'), '12345678'],
  'an empty file': [(file) => fs.writeFileSync(file, ''), ''],
  'a larger file': [(file) => fs.writeFileSync(file, '123456789'), '9 bytes'],
  'a symlink to a file': [
    (file) => {
      fs.writeFileSync(`${file}-target`, 'text');
      fs.symlinkSync('file-target', file);
    },
    'text',
  ],
  'a FIFO': [(file) => execFileSync('mkfifo', [file]), 'a FIFO'],
  'a device': [(file) => fs.symlinkSync('/dev/zero', file), 'a device'],
  'a directory': [(file) => fs.mkdirSync(file), 'EISDIR'],
  'a symlink loop': [(file) => fs.symlinkSync('file', file), 'ELOOP'],
  'a dangling symlink': [(file) => fs.symlinkSync('nowhere', file), 'ENOENT'],
};

for (const [name, [make, expected]] of Object.entries(kinds)) {
  test(`${name}: ${expected || 'empty'}`, () =>
    inHome(({ folder }) => {
      const file = path.join(folder, 'file');
      make(file);
      assert.is(outcome(file), expected);
    }));
}

test('a socket: a socket', () =>
  inHome(async ({ folder }) => {
    const file = path.join(folder, 'file');
    const server = net.createServer().listen(file);
    await once(server, 'listening');
    try {
      assert.is(outcome(file), 'a socket');
    } finally {
      server.close();
    }
  }));

test('a FIFO that has just replaced a file is not waited for', () =>
  inHome(({ folder }) => {
    const file = path.join(folder, 'file');
    execFileSync('mkfifo', [file]);
    const other = path.join(folder, 'other');
    fs.writeFileSync(other, 'text');
    const { lstatSync, statSync } = fs;
    // The type by name is the one of a file.
    const replaced = { statSync: () => statSync(other), lstatSync: () => lstatSync(other) };
    assert.is(
      withFs(replaced, () => outcome(file)),
      'a FIFO',
    );
  }));

test('an open file is the same until its path leads to another file, or to none', () =>
  inHome(({ folder }) => {
    const file = path.join(folder, 'file');
    fs.writeFileSync(file, 'text');
    const descriptor = fs.openSync(file, 'r');
    try {
      assert.is(isSameFile(file, descriptor), true);
      const { ino, dev } = fs.lstatSync(file);
      const onOtherDisk = { lstatSync: () => ({ ino, dev: dev + 1 }) };
      assert.is(
        withFs(onOtherDisk, () => isSameFile(file, descriptor)),
        false,
      );
      fs.renameSync(file, `${file}-2`);
      assert.is(isSameFile(file, descriptor), false);
      fs.symlinkSync('file-2', file);
      assert.is(isSameFile(file, descriptor), false);
      assert.is(isSameFile(`${file}-2`, descriptor), true);
    } finally {
      fs.closeSync(descriptor);
    }
  }));

test('closes the file', () =>
  inHome(({ folder }) => {
    const file = path.join(folder, 'file');
    fs.writeFileSync(file, '123456789');
    const open = () => fs.readdirSync('/proc/self/fd').length;
    if (process.platform !== 'linux') return;
    const before = open();
    for (let count = 0; count < 10; count += 1) outcome(file);
    assert.is(open(), before);
  }));

test.run();
