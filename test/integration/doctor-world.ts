import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Result } from '../../src/cli/doctor/run-check.ts';
import { publicHosts } from '../../src/registry/regions.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { type SandboxContext, sandboxSuite } from '../sandbox/suite.ts';
import { type ConnectProxy, startProxy } from '../support/connect-proxy.ts';
import { collect, executable } from '../support/helper.ts';
import { type Home, inHome, snapshot, writeIdentity } from '../support/home.ts';

export const apiKey = 'canary-key-that-the-doctor-tries-1234567890';
/** The input that a user types at the prompt of a `login` that fixes a problem. */
export const newApiKey = 'canary-key-that-mends-1234567890-abcdefghijk';

type Env = Readonly<Record<string, string | undefined>>;

/** The output of doctor. */
export interface Report {
  readonly ok: boolean;
  readonly checks: readonly Result[];
  readonly status: number | null;
}

/** A machine without problems, to which a test can add some. */
export interface Machine {
  readonly home: Home;
  readonly sandbox: Sandbox;
  /** The only directory on `PATH`. */
  readonly bin: string;
  readonly dockerFile: string;
  /** The complete environment of programs; a test may change it. */
  readonly env: Record<string, string | undefined>;
  readonly doctor: (...words: string[]) => Promise<Report>;
  /** Types a command, then `doctor` in the same shell. */
  readonly mend: (fix: string, words?: readonly string[], input?: string) => Promise<Report>;
}

/** Input for the commands of a fix. */
export interface Typed {
  /** Text for standard input. */
  readonly input?: string;
  /** An option that prompts on a terminal, and its replacement that reads standard input. */
  readonly instead?: readonly [option: string, other: string];
  /** Arguments of doctor. */
  readonly words?: readonly string[];
  /** The problem that remains afterwards. */
  readonly leaves?: RegExp;
}

export interface Expected {
  readonly check: string;
  readonly state: 'ok' | 'warn' | 'fail' | 'skip';
  readonly message: RegExp;
}

/** A table row: the problem, how to cause it, the check that finds it and its message. */
export type Spoiled = readonly [
  what: string,
  spoil: (machine: Machine) => void,
  check: string,
  state: Expected['state'],
  message: RegExp,
];

/** Creates a suite with its own sandbox, to which a proxy connects every host, like in a company network. */
export function doctorSuite(name: string): Test<SandboxContext & { proxy: ConnectProxy }> {
  const test = sandboxSuite(name) as Test<SandboxContext & { proxy: ConnectProxy }>;
  test.before(async (context) => {
    context.proxy = await startProxy(Number(new URL(context.sandbox.registryUrl).port));
    context.sandbox.accounts.addApiKey({ value: apiKey });
    context.sandbox.accounts.addApiKey({ value: newApiKey });
  });
  test.after(({ proxy }) => proxy.close());
  return test;
}

/** Programs that the commands of fixes use. */
const tools = [
  'mktemp',
  'sh',
  'mv',
  'rm',
  'ln',
  'chmod',
  'chown',
  'mkdir',
  'id',
  'perl',
  'iconv',
  'cat',
];

/** Creates a healthy machine, passes it to `use`, and removes it. */
export function onMachine(
  { sandbox, proxy }: { readonly sandbox: Sandbox; readonly proxy: ConnectProxy },
  use: (machine: Machine) => Promise<void>,
): Promise<void> {
  return inHome(async (home) => {
    const bin = path.join(home.folder, '.local/bin');
    fs.mkdirSync(bin, { recursive: true });
    for (const tool of tools) fs.symlinkSync(whereIs(tool), path.join(bin, tool));
    fs.symlinkSync(executable, path.join(bin, 'docker-credential-icr'));
    writeIdentity(home, apiKey);
    const dockerFile = path.join(home.folder, '.docker/config.json');
    fs.mkdirSync(path.dirname(dockerFile));
    writeDockerFile(dockerFile, {});
    const env = {
      HOME: home.folder,
      PATH: bin,
      HTTPS_PROXY: proxy.url,
      NODE_EXTRA_CA_CERTS: sandbox.caFile,
    };
    const mend = (fix: string, words: readonly string[] = [], input = '') =>
      type(env, home.folder, fix, words, input);
    const doctor = (...words: string[]) => mend('', words);
    await use({ home, sandbox, bin, dockerFile, env, doctor, mend });
  });
}

export function whereIs(program: string): string {
  const { stdout } = spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' });
  return fs.realpathSync(stdout.trim());
}

/** Changes some of the settings. */
export function withSettings(change: object) {
  return ({ home }: Machine) => {
    const file = path.join(home.config, 'config.json');
    const settings = JSON.parse(fs.readFileSync(file, 'utf8'));
    fs.writeFileSync(file, JSON.stringify({ ...settings, ...change }));
  };
}

/** Sets an environment variable. */
export function withVariable(name: string, value: string | ((machine: Machine) => string)) {
  return (machine: Machine) => {
    machine.env[name] = typeof value === 'string' ? value : value(machine);
  };
}

/** Registers this helper for every public host, and adds other members to the file. */
export function writeDockerFile(file: string, other: object): void {
  const credHelpers = Object.fromEntries(publicHosts.map((host) => [host, 'icr']));
  fs.writeFileSync(file, `${JSON.stringify({ credHelpers, ...other }, null, '\t')}\n`);
}

/** Adds a program that runs the script. */
export function writeProgram({ bin }: Pick<Machine, 'bin'>, name: string, script: string): string {
  const file = path.join(bin, name);
  fs.writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return file;
}

/**
 * Adds a client: the real one if it is installed, else a stand-in whose `logout` removes the entry from the file
 * and calls the helper, like docker and podman.
 */
export function standIn(machine: Machine, client: 'docker' | 'podman'): void {
  const real = `/usr/bin/${client}`;
  if (fs.existsSync(real)) {
    fs.symlinkSync(real, path.join(machine.bin, client));
    return;
  }
  const file = client === 'docker' ? machine.dockerFile : '$3';
  const key = client === 'docker' ? '$2' : '$4';
  writeProgram(
    machine,
    client,
    `export key="${key}"
for each in "$key" "http://$key" "https://$key"; do
  export each; perl -0pi -e 's/"Q$ENV{each}E"s*:s*{[^{}]*}s*,?|,s*"Q$ENV{each}E"s*:s*{[^{}]*}//' "${file}"
done
echo "$key" | docker-credential-icr erase`,
  );
}

/**
 * Runs a command of a fix. A `login` reads its key from the environment instead of the prompt, but doctor
 * does not get that variable. Exports of the command remain in effect, like in a terminal.
 */
async function type(
  env: Env,
  cwd: string,
  fix: string,
  words: readonly string[],
  input: string,
): Promise<Report> {
  const lines = [
    ...(fix === '' ? [] : [`export IBMCLOUD_API_KEY=${newApiKey}`, `{ ${fix}; } >&2 || exit 99`]),
    ...(fix === '' ? [] : ['unset IBMCLOUD_API_KEY']),
    `exec ${executable} doctor --json "$@"`,
  ];
  const child = spawn('/bin/sh', ['-c', lines.join('\n'), 'sh', ...words], { cwd, env });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const { stdout, stderr, status } = await collect(child);
  assert.not.match(stdout + stderr, /canary/);
  assert.is.not(status, 99, `${fix} failed: ${stderr}`);
  const report: Omit<Report, 'status'> = JSON.parse(stdout);
  return { ...report, status };
}

/** Returns true if the report contains such a line. */
export function findingIn({ checks }: Report, expected: Expected): Result | undefined {
  const { check, state, message } = expected;
  return checks.find(
    (each) => each.name === check && each.state === state && message.test(each.message),
  );
}

/** Requires that doctor reports the problem without changes, and that its fix solves it without other problems. */
export async function expectMended(
  machine: Machine,
  expected: Expected,
  { input, instead = ['', ''], words = [], leaves = /(?!)/ }: Typed = {},
): Promise<void> {
  const before = snapshot(machine.home.folder);
  const report = await machine.doctor(...words);
  assert.equal(snapshot(machine.home.folder), before, 'doctor changed something');
  const found = findingIn(report, expected);
  const all = report.checks.map((each) => `${each.state} ${each.name}: ${each.message}`).join('\n');
  assert.ok(found, `${expected.check} does not say ${expected.message}: ${all}`);
  assert.is(report.status, report.checks.some(({ state }) => state === 'fail') ? 1 : 0);
  assert.type(found.fix, 'string', found.message);
  const after = await machine.mend((found.fix ?? '').replace(...instead), words, input);
  assert.is(findingIn(after, expected), undefined, `${found.fix} did not mend: ${found.message}`);
  const known = complaints(report);
  const added = complaints(after).filter((one) => !known.includes(one) && !leaves.test(one));
  assert.equal(added, [], `after ${found.fix}`);
}

function complaints({ checks }: Report): string[] {
  return checks
    .filter(({ state }) => state === 'warn' || state === 'fail')
    .map(({ name, message }) => `${name}: ${message}`);
}
