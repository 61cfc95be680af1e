import fs from 'node:fs';
import path from 'node:path';
import { type Material, provenance } from './provenance.ts';
import { sbom } from './sbom.ts';
import { sign, signerNames } from './sign.ts';
import { root, type Stamp } from './stamp.ts';
import { sumsName, writeSums } from './sums.ts';
import { program } from './targets.ts';

/** What a release is made of. */
export const releaseFolder = path.join(root, 'dist', 'release');

/**
 * Puts beside the archives what is about all of them: the SBOM, the provenance, the checksums of every
 * file but the signatures, and the signatures. Made anew whenever a file was added; `node` is what the
 * one on Node has inside.
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
  // The list covers all but itself; the statement is signed as well, because it goes elsewhere alone.
  const signatures = sign(releaseFolder, [sumsName, statement]);
  const others =
    signatures.length > 0 ? signatures : [`not signed: no ${signerNames.join(', no ')}`];
  for (const line of [materials, statement, sumsName, ...others]) console.log(line);
}

function write(name: string, text: string): void {
  fs.writeFileSync(path.join(releaseFolder, name), text);
}
