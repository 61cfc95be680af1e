import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readStamp, root } from '../../scripts/package/stamp.ts';
import { inScratch, releaseFiles, releaseFolder, version } from './release.ts';

const test = suite('the same commit built twice');

/** A copy of the repository elsewhere, as deep or deeper, with packages of its own: links do for that. */
function copyRepository(folder: string): void {
  execFileSync('git', ['clone', '--quiet', root, folder]);
  execFileSync('cp', ['-al', path.join(root, 'node_modules'), path.join(folder, 'node_modules')]);
}

const archive = `docker-credential-icr-${version}-linux-x64.tar.gz`;
const isThere = releaseFiles(/-linux-x64\.tar\.gz$/).includes(archive);
// A clone has what was committed, and nothing else.
const isCommitted = !readStamp().commit.endsWith('-dirty');
if (!isCommitted) console.log('not built twice: files here differ from the commit');

/** What differs, for whoever has to find out why. */
function firstDifference(one: Buffer, other: Buffer): string | undefined {
  if (one.equals(other)) return undefined;
  const at = one.findIndex((byte, index) => byte !== other[index]);
  return `${one.length} and ${other.length} bytes; byte ${at} is the first that differs`;
}

(isThere && isCommitted ? test : test.skip)('gives the same bytes, in another folder', () =>
  inScratch((scratch) => {
    const clone = path.join(scratch, 'a', 'b', 'c', 'd', 'clone');
    copyRepository(clone);
    const env = { ...process.env, TMPDIR: scratch, TZ: 'Asia/Tokyo', LC_ALL: 'C' };
    const words = [path.join('scripts', 'package.ts'), 'linux-x64'];
    execFileSync(process.execPath, words, { cwd: clone, env, stdio: 'ignore' });
    const again = path.join(clone, 'dist', 'release');
    for (const name of fs.readdirSync(again)) {
      // They tell of all that was made, and here only one target was.
      if (/^SHA256SUMS|\.intoto\.json$/.test(name)) continue;
      const [one, other] = [releaseFolder, again].map((folder) =>
        fs.readFileSync(path.join(folder, name)),
      ) as [Buffer, Buffer];
      assert.is(firstDifference(one, other), undefined, name);
    }
  }),
);

test.run();
