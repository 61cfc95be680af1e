import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { hostsFile, iamAddress, registryAddress } from './hosts.ts';
import { isInstalled } from './programs.ts';

/** Starts what follows in mount, network and process namespaces of its own. */
export const unshare: readonly string[] = [
  'unshare',
  ...['--mount', '--net', '--pid', '--fork', '--kill-child'],
  ...['--mount-proc', '--propagation', 'private'],
];

/** Why there can be no namespaces here, or `undefined`. */
export function whyNoNamespaces(): string | undefined {
  if (process.platform !== 'linux') return 'namespaces need Linux';
  if (process.getuid?.() !== 0) return 'namespaces need root';
  for (const program of ['unshare', 'mount', 'ip']) {
    if (!isInstalled(program)) return `${program} is not installed`;
  }
  const refusal = complaintOf([...unshare, 'true']);
  return refusal === undefined ? undefined : `unshare was refused: ${refusal}`;
}

/** What went wrong, or `undefined`. */
function complaintOf([program = '', ...args]: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  return status === 0 ? undefined : (error?.message ?? stderr.trim());
}

function command(...words: string[]): void {
  const complaint = complaintOf(words);
  if (complaint !== undefined) throw new Error(`${words.join(' ')}: ${complaint}`);
}

/** From here on, what is written to the folder is kept in memory and ends with the namespace. */
function shield(folder: string): void {
  const upper = `/run/shield${folder}`;
  const work = `${upper}.work`;
  for (const path of [upper, work]) fs.mkdirSync(path, { recursive: true });
  const layers = `lowerdir=${folder},upperdir=${upper},workdir=${work}`;
  command('mount', '-t', 'overlay', '-o', layers, 'overlay', folder);
}

/**
 * To be called inside. /run will hold the tests' own folders; the other folders are where clients
 * leave something behind. IBM's hosts lead to the namespace's own `lo`.
 */
export function layOutNamespace(): void {
  for (const folder of ['/run', '/dev/shm']) command('mount', '-t', 'tmpfs', 'tmpfs', folder);
  for (const folder of ['/etc', '/var']) shield(folder);
  fs.writeFileSync('/run/hosts', hostsFile());
  command('mount', '--bind', '/run/hosts', '/etc/hosts');
  command('ip', 'link', 'set', 'lo', 'up');
  for (const address of [registryAddress, iamAddress]) {
    command('ip', 'address', 'add', `${address}/32`, 'dev', 'lo');
  }
}
