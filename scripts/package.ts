/**
 * Makes a release in dist/release: an archive for each target, what belongs beside them, and
 * SHA256SUMS of all. Arguments choose among the targets of scripts/package/targets.ts.
 */
import fs from 'node:fs';
import path from 'node:path';
import { writeArchive } from './package/archive.ts';
import { documents } from './package/documents.ts';
import { buildFor } from './package/executable.ts';
import { finishRelease, releaseFolder } from './package/finish.ts';
import { readStamp, type Stamp } from './package/stamp.ts';
import { chooseTargets, program, type Target } from './package/targets.ts';

async function writeArchives(chosen: readonly Target[], stamp: Stamp): Promise<void> {
  const others = await documents(stamp);
  for (const target of chosen) {
    const name = writeArchive(target, buildFor(target, stamp), others, stamp, releaseFolder);
    const { size } = fs.statSync(path.join(releaseFolder, name));
    console.log(`${name} ${(size / 1024 ** 2).toFixed(1)} MiB`);
  }
}

async function main(words: readonly string[]): Promise<void> {
  const chosen = chooseTargets(words);
  const stamp = readStamp();
  fs.rmSync(releaseFolder, { recursive: true, force: true });
  fs.mkdirSync(releaseFolder, { recursive: true });
  console.log(`${program} ${stamp.version}, commit ${stamp.commit}`);
  await writeArchives(chosen, stamp);
  finishRelease(stamp);
}

await main(process.argv.slice(2));
