import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { gzip } from '../../scripts/package/archive.ts';
import { type ArchiveFile, tar } from '../../scripts/package/tar.ts';
import { zip } from '../../scripts/package/zip.ts';

const test = suite('archives of a release');

const time = 1_700_000_000;
const files: readonly ArchiveFile[] = [
  { name: 'top/program', data: Buffer.from('#!/bin/sh\n'), isExecutable: true },
  { name: 'top/a/LICENSE', data: Buffer.alloc(1500, 'x') },
  { name: 'top/empty', data: Buffer.alloc(0) },
  { name: 'top/block', data: Buffer.alloc(512, 'y') },
];

const formats: readonly [name: string, write: () => Buffer, unpack: (file: string) => string[]][] =
  [
    ['tar.gz', () => gzip(tar(files, time)), (file) => ['tar', '-xzf', file]],
    ['zip', () => zip(files, time), (file) => ['unzip', '-q', file]],
  ];

for (const [format, write, unpack] of formats) {
  const [tool = ''] = unpack('');
  const isThere = spawnSync(tool, ['--help']).error === undefined;
  (isThere ? test : test.skip)(`${format}: the system's own tool finds what was put in`, () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'archive-'));
    try {
      fs.writeFileSync(path.join(folder, 'archive'), write());
      const [command = '', ...words] = unpack('archive');
      execFileSync(command, words, { cwd: folder, env: { ...process.env, TZ: 'UTC' } });
      for (const { name, data, isExecutable } of files) {
        const file = path.join(folder, name);
        const { mode, mtimeMs } = fs.statSync(file);
        assert.equal(fs.readFileSync(file), data, name);
        assert.is(mode & 0o777, isExecutable ? 0o755 : 0o644, name);
        assert.is(mtimeMs, time * 1000, name);
      }
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });

  test(`${format}: the same files give the same bytes, now and later`, () => {
    assert.equal(write(), write());
  });
}

test('the order in which files are found makes no difference', () => {
  const turned = files.toReversed();
  assert.equal(tar(turned, time), tar(files, time));
  assert.equal(zip(turned, time), zip(files, time));
});

test('a header of gzip has neither a name nor a time', () => {
  const header = gzip(Buffer.from('x')).subarray(0, 9);
  assert.equal([...header.subarray(0, 8)], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
});

test('a name that is too long is refused, not cut', () => {
  assert.throws(() => tar([{ name: 'x'.repeat(101), data: Buffer.alloc(0) }], time), 'too long');
});

test.run();
