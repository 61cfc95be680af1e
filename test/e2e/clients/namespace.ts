import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { hostsFile, iamAddress, registryAddress } from './hosts.ts';
import { isInstalled } from './programs.ts';

/** Starts a command in new mount, network and process namespaces. */
export const unshare: readonly string[] = [
  'unshare',
  ...['--mount', '--net', '--pid', '--fork', '--kill-child'],
  ...['--mount-proc', '--propagation', 'private'],
];

/** Returns the reason why namespaces are not available, or undefined. */
export function reasonForNoNamespaces(): string | undefined {
  if (process.platform !== 'linux') return 'namespaces need Linux';
  if (process.getuid?.() !== 0) return 'namespaces need root';
  for (const program of ['unshare', 'mount', 'ip']) {
    if (!isInstalled(program)) return `${program} is not installed`;
  }
  const refusal = errorOf([...unshare, 'true']);
  return refusal === undefined ? undefined : `unshare was refused: ${refusal}`;
}

/** Runs a command; returns its error, or undefined. */
function errorOf([program = '', ...args]: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  return status === 0 ? undefined : (error?.message ?? stderr.trim());
}

function command(...words: string[]): void {
  const problem = errorOf(words);
  if (problem !== undefined) throw new Error(`${words.join(' ')}: ${problem}`);
}

/** Mounts an overlay, so that changes to the directory are kept in memory and are lost with the namespace. */
function protect(folder: string): void {
  const upper = `/run/shield${folder}`;
  const work = `${upper}.work`;
  for (const path of [upper, work]) fs.mkdirSync(path, { recursive: true });
  const layers = `lowerdir=${folder},upperdir=${upper},workdir=${work}`;
  command('mount', '-t', 'overlay', '-o', layers, 'overlay', folder);
}

/**
 * Sets up the mounts, the host names and the network of the namespace. It must be called inside the namespace. /run
 * contains the directories of the tests; the other mounts protect directories in which clients leave files. IBM's host
 * names resolve to addresses of the namespace's loopback interface.
 */
export function setUpNamespace(): void {
  for (const folder of ['/run', '/dev/shm']) command('mount', '-t', 'tmpfs', 'tmpfs', folder);
  for (const folder of ['/etc', '/var']) protect(folder);
  fs.writeFileSync('/run/hosts', hostsFile());
  command('mount', '--bind', '/run/hosts', '/etc/hosts');
  command('ip', 'link', 'set', 'lo', 'up');
  for (const address of [registryAddress, iamAddress]) {
    command('ip', 'address', 'add', `${address}/32`, 'dev', 'lo');
  }
}
