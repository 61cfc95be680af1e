import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import { lockedPackage, nodeLockfile, productionPackages } from './lockfile.ts';
import { type Material, npmMaterial } from './provenance.ts';
import { root, type Stamp } from './stamp.ts';
import { program } from './targets.ts';

export interface Bom {
  serialNumber: string;
  metadata: { timestamp: string; component: { 'bom-ref': string; name: string } };
  components: { 'bom-ref': string; [field: string]: unknown }[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

/**
 * Returns a CycloneDX SBOM from npm and package-lock.json: the packages that are not development dependencies, and the
 * runtimes: Bun, and `node` if one of the files contains it. npm adds the current time, a random number and the name of
 * the directory; they are replaced with values of the commit, so that the SBOM is reproducible.
 */
export function sbom(stamp: Stamp, node?: Material): string {
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
  addRuntime(bom, 'bun', npmMaterial(lockedPackage('bun')));
  if (node !== undefined) addNode(bom, node);
  return `${JSON.stringify(bom, null, 2)}\n`;
}

/**
 * Removes development dependencies. npm's `--omit=dev` would also omit packages that are shared with a development
 * dependency.
 */
function keepProduction(bom: Bom): void {
  const kept = new Set([bom.metadata.component['bom-ref'], ...productionPackages()]);
  bom.components = bom.components.filter((each) => kept.has(each['bom-ref']));
  bom.dependencies = bom.dependencies
    .filter(({ ref }) => kept.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((each) => kept.has(each)) }));
}

/** Adds Node, and pkg, which adds its own code to the executable. */
function addNode(bom: Bom, node: Material): void {
  addRuntime(bom, 'node', node);
  addRuntime(bom, '@yao-pkg/pkg', npmMaterial(lockedPackage('@yao-pkg/pkg', nodeLockfile)));
}

function addRuntime(bom: Bom, name: string, { uri, digest }: Material): void {
  const version = uri.slice(uri.lastIndexOf('@') + 1);
  const ref = `${name}@${version}`;
  bom.components.push({
    'bom-ref': ref,
    type: 'platform',
    name,
    version,
    scope: 'required',
    purl: uri,
    licenses: [{ license: { id: 'MIT' } }],
    hashes: Object.entries(digest).map(([algorithm, content]) => ({
      alg: algorithm.replace('sha', 'SHA-'),
      content,
    })),
  });
  const own = bom.metadata.component['bom-ref'];
  bom.dependencies.find((each) => each.ref === own)?.dependsOn.push(ref);
  bom.dependencies.push({ ref, dependsOn: [] });
}

/** Returns a UUID (version 5) that is derived from the text. */
export function uuidOf(text: string): string {
  const hex = crypto.createHash('sha256').update(text).digest('hex');
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `5${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
  ];
  return [...parts, hex.slice(20, 32)].join('-');
}
