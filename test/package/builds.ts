import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { unpackNode } from '../../scripts/package/node-executable.ts';
import { root } from '../../scripts/package/stamp.ts';
import { executableName, targets } from '../../scripts/package/targets.ts';
import { linkLibstdcxx, loader } from './musl.ts';

/** A build of the helper, and how this machine starts it. */
export interface Build {
  readonly name: string;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A build that cannot be started here, and why. */
export interface Unstarted {
  readonly name: string;
  readonly why: string;
}

export type Found = { readonly build: Build } | Unstarted;

const built = path.join(root, 'dist', 'targets');

/** Each build of a release: those of Bun, Node's executable, and the bundle on plain Node. */
export function findBuilds(scratch: string): Found[] {
  return [
    ...targets.map(({ name }) => findTarget(name, scratch)),
    fileBuild('linux-x64-node', path.join(built, 'linux-x64-node', 'docker-credential-icr')),
    ...[22, 24, 26].map((major) => bundleOn(major, scratch)),
  ];
}

function findTarget(name: string, scratch: string): Found {
  const target = targets.find((each) => each.name === name);
  if (target === undefined) throw new Error(`no target ${name}`);
  const file = path.join(built, name, executableName(target));
  if (!fs.existsSync(file)) return { name, why: 'was not built' };
  if (name === 'linux-x64') return native(name, file);
  if (name === 'linux-x64-baseline')
    return emulated(name, file, ['qemu-x86_64-static', '-cpu', 'Nehalem']);
  if (name === 'linux-arm64') return onArm(name, file);
  if (name === 'linux-x64-musl') return onMusl(name, file, scratch);
  return { name, why: `nothing on ${process.platform} ${process.arch} starts it` };
}

function native(name: string, file: string): Found {
  const isHere = process.platform === 'linux' && process.arch === 'x64';
  return isHere ? { build: { name, command: [file] } } : { name, why: 'this is not Linux on x64' };
}

function fileBuild(name: string, file: string): Found {
  return fs.existsSync(file) ? native(name, file) : { name, why: 'was not built' };
}

/** On a processor that never had AVX: Debian's package qemu-user-static. */
function emulated(name: string, file: string, emulator: readonly string[]): Found {
  const [program = ''] = emulator;
  if (spawnSync(program, ['--version']).error) return { name, why: `${program} is not installed` };
  return { build: { name: `${name}, by ${emulator.join(' ')}`, command: [...emulator, file] } };
}

/** Debian's package libc6-arm64-cross has the libraries. */
function onArm(name: string, file: string): Found {
  const libraries = '/usr/aarch64-linux-gnu';
  if (process.arch === 'arm64') return { build: { name, command: [file] } };
  if (!fs.existsSync(libraries)) return { name, why: 'libc6-arm64-cross is not installed' };
  return emulated(name, file, ['qemu-aarch64-static', '-L', libraries]);
}

function onMusl(name: string, file: string, scratch: string): Found {
  if (!fs.existsSync(loader)) return { name, why: 'musl is not installed' };
  linkLibstdcxx(file, scratch);
  return { build: { name, command: [file], env: { LD_LIBRARY_PATH: scratch } } };
}

function bundleOn(major: number, scratch: string): Found {
  const name = `bundle on Node ${major}`;
  const main = path.join(root, 'dist', 'node', 'main.js');
  if (!fs.existsSync(main)) return { name, why: 'was not built' };
  if (process.platform !== 'linux' || process.arch !== 'x64') return native(name, main);
  return { build: { name, command: [unpackNode(major, scratch), main] } };
}
