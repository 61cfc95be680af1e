/**
 * Builds a release in dist/release: an archive, an npm package and, for Linux, .deb and .rpm packages of each target;
 * then the files for the whole release. Arguments select targets of scripts/package/targets.ts. BASE_URL is the address
 * at which the release will be published. Without it, the release has no install.sh, no manifests for package
 * managers and no CI templates, because each contains that address.
 */
import fs from 'node:fs';
import path from 'node:path';
import { type ArchiveFile, writeArchive } from './package/archive.ts';
import { writeCiFiles } from './package/ci-files.ts';
import { documents } from './package/documents.ts';
import { buildFor } from './package/executable.ts';
import { finishRelease, releaseFolder } from './package/finish.ts';
import { stampInstaller } from './package/installer.ts';
import { findLocation } from './package/location.ts';
import { writeManifests } from './package/manifests.ts';
import {
  type ExecutableSums,
  isOnNpm,
  packStaged,
  stageExecutable,
  stageMain,
} from './package/npm-packages.ts';
import { readStamp, root, type Stamp } from './package/stamp.ts';
import { writeSystemPackages } from './package/system-packages.ts';
import { archiveName, chooseTargets, program, type Target } from './package/targets.ts';

const stage = path.join(root, 'dist', 'npm');
const targetFolder = path.join(root, 'dist', 'targets');
const location = findLocation();
const homepage = location?.homepage;

function say(name: string): void {
  const { size } = fs.statSync(path.join(releaseFolder, name));
  console.log(`${name} ${(size / 1024 ** 2).toFixed(1)} MiB`);
}

/** Builds the files of a target. Returns the checksum of its npm executable. */
async function makeTarget(
  target: Target,
  others: readonly ArchiveFile[],
  stamp: Stamp,
): Promise<ExecutableSums> {
  const executable = buildFor(target, stamp);
  const archive = archiveName(target, stamp.version);
  await writeArchive(path.join(releaseFolder, archive), executable, others, stamp.epoch);
  say(archive);
  const given = { target, executable, documents: others, stamp, homepage };
  for (const name of writeSystemPackages(given, releaseFolder)) say(name);
  if (!isOnNpm(target)) return {};
  const folder = path.join(stage, target.name);
  const sums = stageExecutable(folder, target, executable, others, stamp, homepage);
  say(packStaged(folder, releaseFolder));
  return sums;
}

async function writeInstallers(stamp: Stamp): Promise<void> {
  if (location === undefined) {
    console.log('no install.sh, package manager manifests and CI templates: BASE_URL is not set');
    return;
  }
  const installer = path.join(releaseFolder, 'install.sh');
  fs.writeFileSync(installer, stampInstaller(stamp, location), { mode: 0o755 });
  const manifests = writeManifests(releaseFolder, stamp, location);
  const templates = await writeCiFiles(releaseFolder, stamp, location);
  for (const name of ['install.sh', ...manifests, ...templates]) say(name);
}

async function main(words: readonly string[]): Promise<void> {
  const chosen = chooseTargets(words);
  const stamp = readStamp();
  for (const folder of [releaseFolder, stage, targetFolder])
    fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(releaseFolder, { recursive: true });
  console.log(`${program} ${stamp.version}, commit ${stamp.commit}`);
  const others = await documents(stamp);
  let sums: ExecutableSums = {};
  for (const target of chosen) sums = { ...sums, ...(await makeTarget(target, others, stamp)) };
  const folder = path.join(stage, program);
  await stageMain(folder, await documents(stamp, 'node'), stamp, sums, homepage);
  say(packStaged(folder, releaseFolder));
  await writeInstallers(stamp);
  finishRelease(stamp);
}

await main(process.argv.slice(2));
