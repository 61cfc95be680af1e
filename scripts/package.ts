/**
 * Makes a release in dist/release: an archive for each target, what belongs beside them, and
 * SHA256SUMS of all. Arguments choose among the targets of scripts/package/targets.ts.
 */
import fs from 'node:fs';
import path from 'node:path';
import { writeArchive } from './package/archive.ts';
import { documents } from './package/documents.ts';
import { buildFor } from './package/executable.ts';
import { provenance } from './package/provenance.ts';
import { sbom } from './package/sbom.ts';
import { sign, signerNames } from './package/sign.ts';
import { readStamp, root, type Stamp } from './package/stamp.ts';
import { sumsName, writeSums } from './package/sums.ts';
import { chooseTargets, program, type Target } from './package/targets.ts';

const folder = path.join(root, 'dist', 'release');

async function writeArchives(chosen: readonly Target[], stamp: Stamp): Promise<string[]> {
  const others = await documents(stamp);
  return chosen.map((target) => {
    const name = writeArchive(target, buildFor(target, stamp), others, stamp, folder);
    const { size } = fs.statSync(path.join(folder, name));
    console.log(`${name} ${(size / 1024 ** 2).toFixed(1)} MiB`);
    return name;
  });
}

function write(name: string, text: string): string {
  fs.writeFileSync(path.join(folder, name), text);
  console.log(name);
  return name;
}

/** Signs the list of checksums, and the provenance, which the list cannot have in it. */
function signRelease(names: readonly string[]): void {
  const signatures = sign(folder, names);
  for (const name of signatures) console.log(name);
  if (signatures.length === 0)
    console.log(`not signed: there is neither ${signerNames.join(', nor ')}`);
}

async function main(words: readonly string[]): Promise<void> {
  const chosen = chooseTargets(words);
  const stamp = readStamp();
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  console.log(`${program} ${stamp.version}, commit ${stamp.commit}`);
  const archives = await writeArchives(chosen, stamp);
  const names = [...archives, write(`${program}-${stamp.version}.cdx.json`, sbom(stamp))];
  const statement = write(
    `${program}-${stamp.version}.intoto.json`,
    provenance(folder, names, chosen, stamp),
  );
  writeSums(folder, [...names, statement]);
  console.log(sumsName);
  signRelease([sumsName, statement]);
}

await main(process.argv.slice(2));
