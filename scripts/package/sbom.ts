import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import { lockedPackage, productionPackages, sha512Of } from './lockfile.ts';
import { root, type Stamp } from './stamp.ts';
import { program } from './targets.ts';

interface Bom {
  serialNumber: string;
  metadata: { timestamp: string; component: { 'bom-ref': string; name: string } };
  components: { 'bom-ref': string; [field: string]: unknown }[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

/**
 * CycloneDX, from npm and package-lock.json: the packages that are not for development only, and Bun,
 * which is inside the executables. npm would take the time, a number and the name of the folder from
 * this machine; here they are the commit's.
 */
export function sbom(stamp: Stamp): string {
  const words = ['sbom', '--sbom-format=cyclonedx', '--package-lock-only'];
  const text = execFileSync('npm', [...words, '--sbom-type=application', '--loglevel=error'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const bom: Bom = JSON.parse(text);
  bom.serialNumber = `urn:uuid:${uuidOf(`${stamp.version} ${stamp.commit}`)}`;
  bom.metadata.timestamp = new Date(stamp.epoch * 1000).toISOString();
  bom.metadata.component.name = program;
  keepProduction(bom);
  addBun(bom);
  return `${JSON.stringify(bom, null, 2)}\n`;
}

/** npm's own `--omit=dev` also leaves out what the program shares with something for development. */
function keepProduction(bom: Bom): void {
  const kept = new Set([bom.metadata.component['bom-ref'], ...productionPackages()]);
  bom.components = bom.components.filter((each) => kept.has(each['bom-ref']));
  bom.dependencies = bom.dependencies
    .filter(({ ref }) => kept.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((each) => kept.has(each)) }));
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
