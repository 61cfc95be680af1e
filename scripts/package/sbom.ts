import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import { lockedPackage, sha512Of } from './lockfile.ts';
import { root, type Stamp } from './stamp.ts';

interface Bom {
  serialNumber: string;
  metadata: { timestamp: string; component: { 'bom-ref': string } };
  components: { name: string; version: string; [field: string]: unknown }[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

/**
 * CycloneDX, from npm and package-lock.json: the packages that are not for development only, and Bun,
 * which is inside the executables. npm would take the time and a number from nowhere; here they are
 * the commit's.
 */
export function sbom(stamp: Stamp): string {
  const words = ['sbom', '--sbom-format=cyclonedx', '--omit=dev', '--package-lock-only'];
  const text = execFileSync('npm', [...words, '--sbom-type=application', '--no-update-notifier'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const bom: Bom = JSON.parse(text);
  bom.serialNumber = `urn:uuid:${uuidOf(`${stamp.version} ${stamp.commit}`)}`;
  bom.metadata.timestamp = new Date(stamp.epoch * 1000).toISOString();
  addBun(bom);
  return `${JSON.stringify(bom, null, 2)}\n`;
}

function addBun({ metadata, components, dependencies }: Bom): void {
  const bun = lockedPackage('bun');
  const ref = `bun@${bun.version}`;
  components.push({
    'bom-ref': ref,
    type: 'platform',
    name: 'bun',
    version: bun.version,
    scope: 'required',
    purl: `pkg:npm/${ref}`,
    licenses: [{ license: { id: 'MIT' } }],
    hashes: [{ alg: 'SHA-512', content: sha512Of(bun) }],
  });
  dependencies.find((each) => each.ref === metadata.component['bom-ref'])?.dependsOn.push(ref);
  dependencies.push({ ref, dependsOn: [] });
}

/** A version 5 UUID's shape, of the hash of a text. */
function uuidOf(text: string): string {
  const hex = crypto.createHash('sha256').update(text).digest('hex');
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `5${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
  ];
  return [...parts, hex.slice(20, 32)].join('-');
}
