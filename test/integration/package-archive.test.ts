import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type ArchiveFile, gzip, tar, zip } from '../../scripts/package/archive.ts';

const test = suite('release archives');

// As a local time, this one does not exist in New York because of daylight saving time.
const time = 1_710_037_800;
const files: readonly ArchiveFile[] = [
  { name: 'top/program', data: Buffer.from('#!/bin/sh\n'), isExecutable: true },
  { name: 'top/a/LICENSE', data: Buffer.alloc(1500, 'x') },
  { name: 'top/empty', data: Buffer.alloc(0) },
  { name: 'top/block', data: Buffer.alloc(512, 'y') },
  { name: `top/${'long/'.repeat(40)}name`, data: Buffer.from('z') },
  { name: `top/${'n'.repeat(180)}`, data: Buffer.from('z') },
];

const formats: readonly [
  name: string,
  write: () => Promise<Buffer>,
  unpack: (file: string) => string[],
][] = [
  ['tar.gz', async () => gzip(await tar(files, time)), (file) => ['tar', '-xzf', file]],
  ['zip', async () => zip(files, time), (file) => ['unzip', '-q', file]],
];

for (const [format, write, unpack] of formats) {
  const [tool = ''] = unpack('');
  const isThere = spawnSync(tool, ['--help']).error === undefined;
  (isThere ? test : test.skip)(`${format}: the system's own tool unpacks every file`, async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'archive-'));
    try {
      fs.writeFileSync(path.join(folder, 'archive'), await write());
      const [command = '', ...words] = unpack('archive');
      execFileSync(command, words, { cwd: folder });
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

  test(`${format}: is reproducible in every time zone`, async () => {
    const zone = process.env.TZ;
    const written: Buffer[] = [];
    try {
      for (const each of ['UTC', 'Asia/Tokyo', 'America/New_York', 'Pacific/Kiritimati']) {
        process.env.TZ = each;
        written.push(await write());
      }
    } finally {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
    for (const each of written) assert.equal(each, written[0]);
  });
}

test('does not depend on the order of the given files', async () => {
  const turned = files.toReversed();
  assert.equal(await tar(turned, time), await tar(files, time));
  assert.equal(zip(turned, time), zip(files, time));
});

test('gzip header: has no file name and no time', () => {
  const header = gzip(Buffer.from('x')).subarray(0, 9);
  assert.equal([...header.subarray(0, 8)], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
});

test('zip: accepts times before 1980, its first year', () => {
  assert.equal(zip(files, 0), zip(files, 0));
});

test.run();
