import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Bun as BunRuntime, bunFiles } from '../../src/bun-files.ts';

declare const Bun: BunRuntime;

const test = suite("files by Bun's own means");

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-bun-'));
  try {
    await use(folder);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

const refusal = async (reading: Promise<unknown>) => reading.then(String, ({ message }) => message);
/** To shorten what is mapped ends whoever reads it: no file that is there may be mapped. */
const withoutMaps: BunRuntime = {
  file: Bun.file,
  stdin: Bun.stdin,
  stdout: Bun.stdout,
  write: Bun.write,
  mmap: (file) => {
    throw new Error(`${file} was mapped`);
  },
};

test('reads what only its owner may read, and finds what is not there', () =>
  inFolder(async (folder) => {
    const file = path.join(folder, 'file');
    fs.writeFileSync(file, 'text', { mode: 0o600 });
    assert.is(await bunFiles(withoutMaps).read(file), 'text');
    const { read } = bunFiles(Bun);
    assert.is(await read(path.join(folder, 'absent')), undefined);
    assert.is(await read(path.join(folder, 'absent/file')), undefined);
  }));

const others: readonly [name: string, make: (file: string) => void, reason: RegExp][] = [
  ['empty', (file) => fs.writeFileSync(file, '', { mode: 0o600 }), /EINVAL/],
  ['open to the group', (file) => fs.writeFileSync(file, 'text', { mode: 0o640 }), /private/],
  ['not ASCII', (file) => fs.writeFileSync(file, 'schlüssel', { mode: 0o600 }), /ASCII/],
  ['large', (file) => fs.writeFileSync(file, 'a'.repeat(2 ** 20 + 1), { mode: 0o600 }), /small/],
  ['a folder', (file) => fs.mkdirSync(file), /Directories/],
  ['a loop', (file) => fs.symlinkSync(file, file), /ELOOP/],
  ['below a file', (file) => fs.symlinkSync('/dev/null/file', file), /ENOTDIR/],
];

for (const [name, make, reason] of others) {
  test(`leaves alone what is ${name}`, () =>
    inFolder(async (folder) => {
      const file = path.join(folder, 'file');
      make(file);
      assert.match(await refusal(bunFiles(Bun).read(file)), reason);
    }));
}

test('leaves alone what is being written', () =>
  inFolder(async (folder) => {
    const file = path.join(folder, 'file');
    fs.writeFileSync(file, 'half', { mode: 0o600 });
    const stat = async () => ({ mode: 0o100600, size: 8 });
    const growing = {
      ...withoutMaps,
      file: (name: string) => Object.assign(Bun.file(name), { stat }),
    };
    assert.match(await refusal(bunFiles(growing).read(file)), /being written/);
  }));

test.run();
