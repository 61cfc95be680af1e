import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { lockedPackage } from './lockfile.ts';
import { root } from './stamp.ts';
import type { Target } from './targets.ts';

const cache = path.join(root, 'node_modules', '.cache', 'bun-targets');

/** Writes the Bun of `target` into `folder` and returns its path. Throws where it is not the locked one. */
export function unpackBun({ bun, os }: Target, folder: string): string {
  const { version, integrity } = lockedPackage(bun);
  const tarball = path.join(cache, `${bun.replace('@oven/', '')}-${version}.tgz`);
  if (!isIntact(tarball, integrity)) download(`${bun}@${version}`, tarball);
  // The cache is trusted no more than the registry is.
  if (!isIntact(tarball, integrity)) {
    fs.rmSync(tarball, { force: true });
    throw new Error(`${bun}@${version} is not what package-lock.json says: ${integrity}`);
  }
  const file = os === 'windows' ? 'bun.exe' : 'bun';
  execFileSync('tar', [
    '-xzf',
    tarball,
    '-C',
    folder,
    '--strip-components=2',
    `package/bin/${file}`,
  ]);
  return path.join(folder, file);
}

function isIntact(tarball: string, integrity: string): boolean {
  if (!fs.existsSync(tarball)) return false;
  const digest = crypto.createHash('sha512').update(fs.readFileSync(tarball)).digest('base64');
  return integrity === `sha512-${digest}`;
}

/** With npm itself: its settings say which registry, proxy and certificates. */
function download(spec: string, tarball: string): void {
  const folder = `${tarball}.${process.pid}`;
  fs.mkdirSync(folder, { recursive: true });
  try {
    const words = ['pack', spec, '--pack-destination', folder, '--silent', '--no-update-notifier'];
    execFileSync('npm', words, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
    const [name] = fs.readdirSync(folder);
    if (name === undefined) throw new Error(`npm pack ${spec} made no file`);
    fs.renameSync(path.join(folder, name), tarball);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
