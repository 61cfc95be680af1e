import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readText } from '../../src/clients/read-file.ts';
import { inHome } from '../support/home.ts';
import { fails } from '../support/rejects.ts';

const test = suite("another program's file");

const utf8: readonly (readonly [what: string, bytes: readonly number[], text: string])[] = [
  ['empty', [], ''],
  ['UTF-8', [0xc3, 0xa4], 'ä'],
  ['UTF-8 with a byte-order mark, which is kept', [0xef, 0xbb, 0xbf, 0x61], '\ufeffa'],
];
for (const [what, bytes, text] of utf8) {
  test(`is read: ${what}`, () =>
    inHome(({ folder }) => {
      const file = path.join(folder, 'file');
      fs.writeFileSync(file, Uint8Array.from(bytes));
      assert.is(readText(file), text);
    }));
}

const refused: readonly (readonly [what: string, bytes: readonly number[], isUtf16: boolean])[] = [
  ['UTF-16, little endian', [0xff, 0xfe, 0x61, 0], true],
  ['UTF-16, big endian', [0xfe, 0xff, 0, 0x61], true],
  ['Latin-1', [0xe4, 0x61], false],
  ['half of a byte-order mark', [0xff, 0x61], false],
  ['half of the other', [0xfe, 0x61], false],
  ['the halves of both', [0xff, 0xff], false],
  ['the second half only', [0x61, 0xfe], false],
  ['the second half of the other', [0x61, 0xff], false],
];
for (const [what, bytes, isUtf16] of refused) {
  test(`is refused: ${what}`, () =>
    inHome(({ folder }) => {
      const file = path.join(folder, 'file');
      fs.writeFileSync(file, Uint8Array.from(bytes));
      const { message } = fails(() => readText(file), 'damaged', /save it as UTF-8/);
      assert.is(message, `${file} is ${isUtf16 ? 'UTF-16' : 'not UTF-8'}`);
    }));
}

test('is undefined if it does not exist, and never a directory or a large one', () =>
  inHome(({ folder }) => {
    const file = path.join(folder, 'file');
    assert.is(readText(file), undefined);
    const ending = 'not a regular file; move it away$';
    fails(() => readText(folder), 'storage', new RegExp(`^${folder} is a directory, ${ending}`));
    fails(() => readText('/dev/null'), 'storage', new RegExp(`^/dev/null is a device, ${ending}`));
    const largest = 16 * 1024 * 1024;
    fs.writeFileSync(file, '');
    fs.truncateSync(file, largest + 1);
    fails(() => readText(file), 'damaged');
    fs.truncateSync(file, largest);
    assert.is(readText(file)?.length, largest);
    fs.rmSync(file);
    fs.writeFileSync(file, '');
    fails(() => readText(path.join(file, 'below')), 'storage', /^cannot read \S+below \(ENOTDIR\)/);
  }));

test.run();
