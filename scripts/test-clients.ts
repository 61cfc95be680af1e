/**
 * Tests the helper with the real clients and a local IBM Cloud simulator, in separate Linux namespaces: no file or
 * process remains after the run. Arguments select clients.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { reasonForNoNamespaces, setUpNamespace, unshare } from '../test/e2e/clients/namespace.ts';
import { isCI } from '../test/e2e/clients/programs.ts';
import { buildExecutable } from './build.ts';
import { type Count, exitCodeOf, formatCount, runFiles } from './uvu-run.ts';

const clients = [
  'docker',
  'buildx',
  'compose',
  'crane',
  'cosign',
  'oras',
  'podman',
  'skopeo',
  'buildah',
  'containerd',
  'cri',
];
const inside = '--inside';
const root = path.resolve(import.meta.dirname, '..');

function chooseClients(names: readonly string[]): readonly string[] {
  const unknown = names.filter((name) => !clients.includes(name));
  if (unknown.length > 0) throw new Error(`no such client: ${unknown.join(', ')}`);
  return names.length > 0 ? names : clients;
}

/** Prints the last line, and exits. */
function finish(count: Partial<Count>): never {
  const whole = { passed: 0, failed: 0, skipped: 0, ...count };
  console.log(formatCount(whole));
  process.exit(exitCodeOf(whole));
}

function reportUnavailable(chosen: readonly string[], reason: string): never {
  const verdict = isCI() ? 'failed' : 'skipped';
  for (const client of chosen) console.log(`${verdict}: ${client} (${reason})`);
  finish({ [verdict]: chosen.length });
}

/** `unshare` ignores signals: only SIGKILL ends all processes in the namespaces. */
function killWithUs(child: ChildProcess): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      child.kill('SIGKILL');
      process.exit(1);
    });
  }
}

/** Runs this script again inside namespaces, where it prints the last line. */
function enterNamespaces(chosen: readonly string[]): void {
  const [program = '', ...words] = [...unshare, process.execPath, import.meta.filename, inside];
  const child = spawn(program, [...words, ...chosen], { cwd: root, stdio: 'inherit' });
  killWithUs(child);
  child.once('exit', (code) => {
    process.exitCode = code ?? 1;
  });
}

async function runInside(chosen: readonly string[]): Promise<never> {
  setUpNamespace();
  const files = chosen.map((client) => `test/e2e/clients/${client}.test.ts`);
  finish(await runFiles(files, { timeLimitMs: 180_000 }));
}

async function main(args: readonly string[]): Promise<void> {
  const chosen = chooseClients(args.filter((arg) => arg !== inside));
  if (args.includes(inside)) await runInside(chosen);
  const reason = reasonForNoNamespaces();
  if (reason !== undefined) reportUnavailable(chosen, reason);
  buildExecutable();
  enterNamespaces(chosen);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  finish({ failed: 1 });
});
