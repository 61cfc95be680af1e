/** A platform for which the helper is built. */
export interface Target {
  /** The name in archive names: OS-ARCH, and a variant. */
  readonly name: string;
  readonly os: 'linux' | 'darwin' | 'windows';
  readonly arch: 'x64' | 'arm64';
  readonly libc?: 'glibc' | 'musl';
  /** The npm package with Bun for this platform; package-lock.json has its version and integrity. */
  readonly bun: string;
}

/**
 * Since 1.4, Bun has one build for x64, which requires SSE4.2 and detects AVX2 at startup:
 * `@oven/bun-linux-x64-baseline` has the same bytes as `@oven/bun-linux-x64`, and only the latter is in the lockfile.
 * The baseline archive is still built for compatibility.
 */
export const targets: readonly Target[] = [
  { name: 'linux-x64', os: 'linux', arch: 'x64', libc: 'glibc', bun: '@oven/bun-linux-x64' },
  {
    name: 'linux-x64-baseline',
    os: 'linux',
    arch: 'x64',
    libc: 'glibc',
    bun: '@oven/bun-linux-x64',
  },
  {
    name: 'linux-x64-musl',
    os: 'linux',
    arch: 'x64',
    libc: 'musl',
    bun: '@oven/bun-linux-x64-musl',
  },
  {
    name: 'linux-arm64',
    os: 'linux',
    arch: 'arm64',
    libc: 'glibc',
    bun: '@oven/bun-linux-aarch64',
  },
  {
    name: 'linux-arm64-musl',
    os: 'linux',
    arch: 'arm64',
    libc: 'musl',
    bun: '@oven/bun-linux-aarch64-musl',
  },
  { name: 'darwin-x64', os: 'darwin', arch: 'x64', bun: '@oven/bun-darwin-x64' },
  { name: 'darwin-arm64', os: 'darwin', arch: 'arm64', bun: '@oven/bun-darwin-aarch64' },
  { name: 'windows-x64', os: 'windows', arch: 'x64', bun: '@oven/bun-windows-x64' },
  { name: 'windows-arm64', os: 'windows', arch: 'arm64', bun: '@oven/bun-windows-aarch64' },
];

export const program = 'docker-credential-icr';

/** Returns the targets with these names, or all. Throws if a name is unknown. */
export function chooseTargets(names: readonly string[]): readonly Target[] {
  const unknown = names.filter((name) => !targets.some((target) => target.name === name));
  if (unknown.length > 0) {
    const known = targets.map(({ name }) => name).join(', ');
    throw new Error(`no such target: ${unknown.join(', ')}; expected ${known}`);
  }
  return names.length === 0 ? targets : targets.filter(({ name }) => names.includes(name));
}

export function executableName({ os }: Target): string {
  return os === 'windows' ? `${program}.exe` : program;
}

/** Returns the value for `bun build --target`. */
export function bunTarget({ os, arch, libc }: Target): string {
  return ['bun', os, arch, ...(libc === 'musl' ? [libc] : [])].join('-');
}

export function archiveName(target: Target, version: string): string {
  return `${program}-${version}-${target.name}.${target.os === 'windows' ? 'zip' : 'tar.gz'}`;
}
