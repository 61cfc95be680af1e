import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { unpackNode } from '../../scripts/package/node-executable.ts';
import { root } from '../../scripts/package/stamp.ts';
import { executableName, type Target, targets } from '../../scripts/package/targets.ts';
import { linkLibstdcxx, musl } from './musl.ts';
import { compiler, layOutForWine, wine, wineEnv } from './wine.ts';

/** A build of the helper, and the command that starts it. */
export interface Build {
  readonly name: string;
  readonly command: readonly string[];
  /** Additional environment variables for a home directory. */
  readonly env?: (home: string) => Readonly<Record<string, string>>;
}

/** A build that cannot be started on this machine, and the reason. */
interface Unstarted {
  readonly name: string;
  readonly why: string;
}

type Found = { readonly build: Build } | Unstarted;

const built = path.join(root, 'dist', 'targets');

/**
 * Returns all builds of a release: those with Bun, the executable with Node, and the bundle on several versions of
 * Node.
 */
export function findBuilds(scratch: string): Found[] {
  return [
    ...targets.map((target) => findTarget(target, scratch)),
    fileBuild('linux-x64-node', path.join(built, 'linux-x64-node', 'docker-credential-icr')),
    ...[22, 24, 26].map((major) => bundleOn(major, scratch)),
  ];
}

function findTarget(target: Target, scratch: string): Found {
  const { name } = target;
  const file = path.join(built, name, executableName(target));
  if (!fs.existsSync(file)) return { name, why: 'was not built' };
  if (name === 'linux-x64') return native(name, file);
  if (name === 'linux-x64-baseline')
    return emulated(name, file, ['qemu-x86_64-static', '-cpu', 'Nehalem']);
  if (name === 'linux-arm64') return onArm(name, file);
  if (target.libc === 'musl') return onMusl(target, file, scratch);
  if (name === 'windows-x64') return onWine(name, file, scratch);
  return { name, why: `nothing on ${process.platform} ${process.arch} starts it` };
}

function native(name: string, file: string): Found {
  const isSupported = process.platform === 'linux' && process.arch === 'x64';
  return isSupported
    ? { build: { name, command: [file] } }
    : { name, why: 'this is not Linux on x64' };
}

function fileBuild(name: string, file: string): Found {
  return fs.existsSync(file) ? native(name, file) : { name, why: 'was not built' };
}

/** Emulates a processor without AVX. Requires Debian's package qemu-user-static. */
function emulated(name: string, file: string, emulator: readonly string[]): Found {
  const [program = ''] = emulator;
  if (spawnSync(program, ['--version']).error) return { name, why: `${program} is not installed` };
  return { build: { name: `${name}, by ${emulator.join(' ')}`, command: [...emulator, file] } };
}

/** Requires Debian's package libc6-arm64-cross for the libraries. */
function onArm(name: string, file: string): Found {
  const libraries = '/usr/aarch64-linux-gnu';
  if (process.arch === 'arm64') return { build: { name, command: [file] } };
  if (!fs.existsSync(libraries)) return { name, why: 'libc6-arm64-cross is not installed' };
  return emulated(name, file, ['qemu-aarch64-static', '-L', libraries]);
}

/** Requires Debian's package `musl`; for arm64 on x64 also its arm64 version, gcc-aarch64-linux-gnu and qemu. */
function onMusl({ name, arch }: Target, file: string, scratch: string): Found {
  const machine = musl[arch];
  if (!fs.existsSync(machine.loader)) return { name, why: `${machine.loader} is not there` };
  if (spawnSync(machine.gcc, ['--version']).error)
    return { name, why: `${machine.gcc} is missing` };
  const folder = path.join(scratch, name);
  fs.mkdirSync(folder);
  linkLibstdcxx(file, machine, folder);
  const env = () => ({ LD_LIBRARY_PATH: folder });
  if (arch === process.arch) return { build: { name, command: [file], env } };
  const found = emulated(name, file, ['qemu-aarch64-static']);
  return 'why' in found ? found : { build: { ...found.build, env } };
}

/** Uses Wine instead of Windows. Requires Debian's packages wine64 and gcc-mingw-w64-x86-64-win32. */
function onWine(name: string, file: string, scratch: string): Found {
  for (const program of [wine, compiler]) {
    if (spawnSync(program, ['--version']).error)
      return { name, why: `${program} is not installed` };
  }
  const command = [wine, layOutForWine(file, scratch)];
  const env = (home: string) => wineEnv(path.join(scratch, 'wine'), home);
  // The first start creates the prefix and prints messages.
  spawnSync(wine, [command[1] ?? '', 'version'], { env: { ...process.env, ...env(scratch) } });
  return { build: { name: `${name}, by Wine`, command, env } };
}

function bundleOn(major: number, scratch: string): Found {
  const name = `bundle on Node ${major}`;
  const main = path.join(root, 'dist', 'node', 'main.js');
  if (!fs.existsSync(main)) return { name, why: 'was not built' };
  if (process.platform !== 'linux' || process.arch !== 'x64') return native(name, main);
  return { build: { name, command: [unpackNode(major, scratch), main] } };
}
