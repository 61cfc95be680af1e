/**
 * Builds dist/release/docker-credential-icr-VERSION-OS-ARCH-node.tar.gz: the helper on Node instead of Bun, for
 * platforms that Bun does not support and for users who prefer Node.
 *
 *   package-node.ts [NODE] [BUNDLE]
 *
 * NODE is the executable to package, version 22 or later. The default is Node 26 from the lockfile (Linux on x64).
 * BUNDLE is the directory dist/node that this script created on another machine; with it, this script runs on Node
 * itself.
 */
import fs from 'node:fs';
import path from 'node:path';
import { type ArchiveFile, writeArchive } from './package/archive.ts';
import { documents } from './package/documents.ts';
import { defines } from './package/executable.ts';
import { finishRelease, releaseFolder } from './package/finish.ts';
import { bundleForNode } from './package/node-bundle.ts';
import {
  bundleManifest,
  describeNode,
  lockedNode,
  type NodeRuntime,
  packNode,
  unpackNode,
} from './package/node-executable.ts';
import { type Material, npmMaterial } from './package/provenance.ts';
import { readStamp, root, type Stamp } from './package/stamp.ts';
import { sha256 } from './package/sums.ts';
import { program } from './package/targets.ts';

const platform = `${process.platform}-${process.arch}`;

/** Creates the parts that need Bun. They are the same for every platform. */
async function makeBundle(folder: string): Promise<void> {
  const stamp = readStamp();
  fs.rmSync(folder, { recursive: true, force: true });
  await bundleForNode(folder, defines(stamp), { splitting: true });
  fs.writeFileSync(path.join(folder, 'package.json'), bundleManifest(stamp.version));
  fs.writeFileSync(path.join(folder, 'stamp.json'), JSON.stringify(stamp));
  for (const { name, data } of await documents(stamp, 'node')) {
    const file = path.join(folder, 'documents', name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, data);
  }
}

function readDocuments(folder: string): ArchiveFile[] {
  const names = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => fs.statSync(path.join(folder, name)).isFile())
    .map((name) => ({
      name: name.replaceAll('\\', '/'),
      data: fs.readFileSync(path.join(folder, name)),
    }));
}

function makeExecutable(node: NodeRuntime, bundle: string): string {
  const folder = path.join(root, 'dist', 'targets', `${platform}-node`);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  const executable = path.join(folder, process.platform === 'win32' ? `${program}.exe` : program);
  packNode(node, bundle, executable);
  console.log(`${path.relative(root, executable)}, on Node ${node.version}`);
  return executable;
}

/** Returns the material for a Node that is not in the lockfile. */
function ownNode({ file, version }: NodeRuntime): Material {
  return { uri: `pkg:generic/node@${version}`, digest: { sha256: sha256(file) } };
}

async function main([chosen, given]: readonly string[]): Promise<void> {
  const bundle = path.resolve(given ?? path.join(root, 'dist', 'node'));
  if (given === undefined) await makeBundle(bundle);
  const stamp: Stamp = JSON.parse(fs.readFileSync(path.join(bundle, 'stamp.json'), 'utf8'));
  const file = chosen ?? unpackNode(26, path.join(root, 'dist', 'targets'));
  const node = describeNode(path.resolve(file));
  const executable = makeExecutable(node, bundle);
  const archive = `${program}-${stamp.version}-${platform}-node.tar.gz`;
  fs.mkdirSync(releaseFolder, { recursive: true });
  const others = readDocuments(path.join(bundle, 'documents'));
  await writeArchive(path.join(releaseFolder, archive), executable, others, stamp.epoch);
  console.log(archive);
  finishRelease(stamp, chosen === undefined ? npmMaterial(lockedNode(26)) : ownNode(node));
}

await main(process.argv.slice(2));
