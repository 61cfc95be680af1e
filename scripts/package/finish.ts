import fs from 'node:fs';
import path from 'node:path';
import { type Material, provenance } from './provenance.ts';
import { sbom } from './sbom.ts';
import { sign, signerNames } from './sign.ts';
import { root, type Stamp } from './stamp.ts';
import { sumsName, writeSums } from './sums.ts';
import { program } from './targets.ts';

/** The directory with the files of a release. */
export const releaseFolder = path.join(root, 'dist', 'release');

/**
 * Writes the files for the whole release: the SBOM, the provenance, the checksums of all files except the signatures,
 * and the signatures. Runs again after each added file. `node` is the runtime of the archive for Node.
 */
export function finishRelease(stamp: Stamp, node?: Material): void {
  const [materials, statement] = ['cdx', 'intoto'].map(
    (kind) => `${program}-${stamp.version}.${kind}.json`,
  ) as [string, string];
  for (const name of fs.readdirSync(releaseFolder)) {
    if (/^SHA256SUMS|\.intoto\.json/.test(name)) fs.rmSync(path.join(releaseFolder, name));
  }
  write(materials, sbom(stamp, node));
  const names = fs.readdirSync(releaseFolder);
  write(statement, provenance(releaseFolder, names, stamp, process.env, node));
  writeSums(releaseFolder, [...names, statement]);
  // The checksums cover all other files. The statement has its own signature, because it is also distributed
  // separately.
  const signatures = sign(releaseFolder, [sumsName, statement]);
  const others =
    signatures.length > 0 ? signatures : [`not signed: no ${signerNames.join(', no ')}`];
  for (const line of [materials, statement, sumsName, ...others]) console.log(line);
}

function write(name: string, text: string): void {
  fs.writeFileSync(path.join(releaseFolder, name), text);
}
