/**
 * Runs the real clients against IBM Cloud on loopback, in mount, network and process namespaces of
 * their own: nothing they write or start outlives the run. Arguments choose among the clients.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { hostsFile, iamAddress, registryAddress } from '../test/e2e/clients/hosts.ts';
import { isCI } from '../test/e2e/clients/programs.ts';
import { type Count, exitCodeOf, formatCount, runFiles } from './uvu-run.ts';

const clients = ['docker', 'podman', 'skopeo', 'buildah'];
const unshare = '-m -n -p -f --kill-child --mount-proc --propagation private'.split(' ');
const inside = '--inside';
const root = path.resolve(import.meta.dirname, '..');

function finish(count: Count): never {
  console.log(formatCount(count));
  process.exit(exitCodeOf(count));
}

/** Why there can be no namespaces here, or `undefined`. */
function whyNoNamespaces(): string | undefined {
  if (process.platform !== 'linux') return 'namespaces need Linux';
  if (process.getuid?.() !== 0) return 'namespaces need root';
  const { status, stderr, error } = spawnSync('unshare', [...unshare, 'true'], {
    encoding: 'utf8',
  });
  return status === 0 ? undefined : `unshare was refused: ${error?.message ?? stderr.trim()}`;
}

function giveUp(chosen: readonly string[], reason: string): never {
  const verdict = isCI() ? 'failed' : 'skipped';
  for (const client of chosen) console.log(`${client}: ${verdict}, ${reason}`);
  finish({ passed: 0, failed: 0, skipped: 0, [verdict]: chosen.length });
}

function build(): void {
  const { status } = spawnSync(process.execPath, ['scripts/build.ts'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('the helper could not be built');
}

/** `unshare` shields itself from signals: only killing it ends everything in there. */
function killWithUs(child: ChildProcess): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      child.kill('SIGKILL');
      process.exit(1);
    });
  }
}

function enterNamespaces(chosen: readonly string[]): void {
  const reason = whyNoNamespaces();
  if (reason !== undefined) giveUp(chosen, reason);
  build();
  const command = [process.execPath, import.meta.filename, inside, ...chosen];
  const child = spawn('unshare', [...unshare, ...command], { cwd: root, stdio: 'inherit' });
  killWithUs(child);
  child.once('exit', (code) => {
    process.exitCode = code ?? 1;
  });
}

function command(program: string, ...args: string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stderr}`);
}

/** From here on, what is written to the folder is kept in memory and ends with the namespace. */
function shield(folder: string): void {
  const upper = `/run/shield${folder}`;
  const work = `${upper}.work`;
  for (const path of [upper, work]) fs.mkdirSync(path, { recursive: true });
  const layers = `lowerdir=${folder},upperdir=${upper},workdir=${work}`;
  command('mount', '-t', 'overlay', '-o', layers, 'overlay', folder);
}

/** /run holds the tests' own folders; the others are where the clients leave something behind. */
function layOutNamespace(): void {
  for (const folder of ['/run', '/dev/shm']) command('mount', '-t', 'tmpfs', 'tmpfs', folder);
  for (const folder of ['/etc', '/var']) shield(folder);
  fs.writeFileSync('/run/hosts', hostsFile());
  command('mount', '--bind', '/run/hosts', '/etc/hosts');
  command('ip', 'link', 'set', 'lo', 'up');
  for (const address of [registryAddress, iamAddress]) {
    command('ip', 'address', 'add', `${address}/32`, 'dev', 'lo');
  }
}

async function runInside(chosen: readonly string[]): Promise<never> {
  layOutNamespace();
  const files = chosen.map((client) => `test/e2e/clients/${client}.test.ts`);
  finish(await runFiles(files, { timeLimit: 180_000 }));
}

const args = process.argv.slice(2);
const names = args.filter((arg) => arg !== inside);
const unknown = names.filter((name) => !clients.includes(name));
if (unknown.length > 0) throw new Error(`no such client: ${unknown.join(', ')}`);
const chosen = names.length > 0 ? names : clients;
if (args.includes(inside)) await runInside(chosen);
else enterNamespaces(chosen);
