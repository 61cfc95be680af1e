import { type Bom, sbom, uuidOf } from '../package/sbom.ts';
import type { Stamp } from '../package/stamp.ts';
import { program } from '../package/targets.ts';
import type { DebianPackage } from './debian-packages.ts';

/** Returns the SBOM of the release with the packages of Debian in an image. */
export function imageSbom(stamp: Stamp, suffix: string, pins: readonly DebianPackage[]): string {
  const bom: Bom = JSON.parse(sbom(stamp));
  const name = `${program}${suffix} image`;
  bom.serialNumber = `urn:uuid:${uuidOf(`${name} ${stamp.version} ${stamp.commit}`)}`;
  const own = bom.metadata.component['bom-ref'];
  for (const { package: debian, version, architecture, sha256 } of pins) {
    const purl = `pkg:deb/debian/${debian}@${encodeURIComponent(version)}?arch=${architecture}`;
    bom.components.push({
      'bom-ref': purl,
      type: 'library',
      name: debian,
      version,
      purl,
      hashes: [{ alg: 'SHA-256', content: sha256 }],
    });
    bom.dependencies.find(({ ref }) => ref === own)?.dependsOn.push(purl);
    bom.dependencies.push({ ref: purl, dependsOn: [] });
  }
  return `${JSON.stringify(bom, null, 2)}\n`;
}
