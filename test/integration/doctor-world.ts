import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Result } from '../../src/cli/doctor/check.ts';
import { publicHosts } from '../../src/registry/regions.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { type SandboxContext, sandboxSuite } from '../sandbox/suite.ts';
import { type ConnectProxy, startProxy } from '../support/connect-proxy.ts';
import { collect, executable } from '../support/helper.ts';
import { type Home, inHome, snapshot, writeIdentity } from '../support/home.ts';

export const apiKey = 'canary-key-that-the-doctor-tries-1234567890';
/** The key for the prompt of a `login` command in a hint. */
export const newApiKey = 'canary-key-of-the-fix-1234567890-abcdefghijk';

type Env = Readonly<Record<string, string | undefined>>;

/** The output of `doctor --json`, and the exit status. */
interface Report {
  readonly ok: boolean;
  readonly checks: readonly Result[];
  readonly status: number | null;
}

/** A machine without problems, to which a test adds one. */
export interface Machine {
  readonly home: Home;
  readonly sandbox: Sandbox;
  /** The only directory on `PATH`. */
  readonly bin: string;
  readonly dockerFile: string;
  /** The environment of all programs; a test may change it. */
  readonly env: Record<string, string | undefined>;
  /** Words before each command, such as `setpriv`; a test may add some. */
  readonly runAs: string[];
  readonly doctor: (...words: string[]) => Promise<Report>;
  /** Runs a command, then `doctor` in the same shell. */
  readonly fixAndDiagnose: (
    fix: string,
    words?: readonly string[],
    input?: string,
  ) => Promise<Report>;
}

/** How a test follows a hint. */
interface Typed {
  /** The standard input of the command. */
  readonly input?: string;
  /** An option that prompts on a terminal, and its replacement that reads standard input. */
  readonly instead?: readonly [option: string, other: string];
  /** The arguments of doctor. */
  readonly words?: readonly string[];
  /** The command for a hint that contains no command. */
  readonly by?: string | undefined;
  /** The edit for a hint that requires one. */
  readonly edit?: (() => void) | undefined;
  /** The findings that remain after the fix. */
  readonly leaves?: RegExp;
}

export interface Expected {
  readonly check: string;
  readonly state: Result['state'];
  readonly message: RegExp;
}

/** A table row: the problem, how to create it, and the expected finding. */
export type ProblemRow = readonly [
  what: string,
  create: (machine: Machine) => void,
  check: string,
  state: Expected['state'],
  message: RegExp,
];

/** Returns a suite with its own simulator. A proxy forwards every host name to it. */
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

/** The programs that commands in hints use. */
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

/** podman reads the machine's storage also for `logout`, and fails if a newer podman has used it. */
function writeStorageConf({ folder }: Home): string {
  const file = path.join(folder, 'storage.conf');
  const storage = path.join(folder, 'containers');
  const text = `[storage]\ndriver = "vfs"\ngraphroot = "${storage}"\nrunroot = "${storage}/run"\n`;
  fs.writeFileSync(file, text);
  return file;
}

/** Creates a machine without problems, passes it to `use`, and removes it. */
export function onMachine(
  { sandbox, proxy }: { readonly sandbox: Sandbox; readonly proxy: ConnectProxy },
  use: (machine: Machine) => Promise<void>,
): Promise<void> {
  return inHome(async (home) => {
    const bin = path.join(home.folder, '.local/bin');
    fs.mkdirSync(bin, { recursive: true });
    const certificates = path.join(home.folder, 'certificates');
    fs.mkdirSync(certificates);
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
      // Without these, each process parses the system's certificates.
      SSL_CERT_FILE: sandbox.caFile,
      SSL_CERT_DIR: certificates,
      CONTAINERS_STORAGE_CONF: writeStorageConf(home),
    };
    const runAs: string[] = [];
    const fixAndDiagnose = (fix: string, words: readonly string[] = [], input = '') =>
      type(env, home.folder, fix, words, input, runAs);
    const doctor = (...words: string[]) => fixAndDiagnose('', words);
    await use({ home, sandbox, bin, dockerFile, env, runAs, doctor, fixAndDiagnose });
  });
}

const found = new Map<string, string>();

/** Returns the path of a program on `PATH`. Each is searched for once: every test needs twelve. */
export function whereIs(program: string): string {
  let file = found.get(program);
  if (file === undefined) {
    const { stdout } = spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' });
    file = fs.realpathSync(stdout.trim());
    found.set(program, file);
  }
  return file;
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

/** Writes Docker's file with this helper for every public host, and with the properties of `other`. */
export function writeDockerFile(file: string, other: object): void {
  const credHelpers = Object.fromEntries(publicHosts.map((host) => [host, 'icr']));
  fs.writeFileSync(file, `${JSON.stringify({ credHelpers, ...other }, null, '\t')}\n`);
}

/** Writes an executable shell script. */
export function writeProgram({ bin }: Pick<Machine, 'bin'>, name: string, script: string): string {
  const file = path.join(bin, name);
  fs.writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return file;
}

/**
 * Adds a client to `PATH`: the installed one, or a script whose `logout` removes the entry from the file and calls the
 * helper, as docker and podman do.
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
 * Runs `fix`, then doctor, in one shell, so that exported variables are preserved. A `login` in `fix` reads its key from the
 * environment instead of a prompt; doctor runs without that variable.
 */
async function type(
  env: Env,
  cwd: string,
  fix: string,
  words: readonly string[],
  input: string,
  runAs: readonly string[],
): Promise<Report> {
  const lines = [
    ...(fix === '' ? [] : [`export IBMCLOUD_API_KEY=${newApiKey}`, `{ ${fix}; } >&2 || exit 99`]),
    ...(fix === '' ? [] : ['unset IBMCLOUD_API_KEY']),
    `exec ${executable} doctor --json "$@"`,
  ];
  const [program = '', ...rest] = [...runAs, '/bin/sh', '-c', lines.join('\n'), 'sh', ...words];
  const child = spawn(program, rest, { cwd, env });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const { stdout, stderr, status } = await collect(child);
  assert.not.match(stdout + stderr, /canary/);
  assert.is.not(status, 99, `${fix} failed: ${stderr}`);
  const report: Omit<Report, 'status'> = JSON.parse(stdout);
  return { ...report, status };
}

/** Returns the expected finding if the report contains it. */
export function findingIn({ checks }: Report, expected: Expected): Result | undefined {
  const { check, state, message } = expected;
  return checks.find(
    (each) => each.name === check && each.state === state && message.test(each.message),
  );
}

/** Asserts that doctor reports the problem without changing files, and that following its hint fixes it without new problems. */
export async function expectFixed(
  machine: Machine,
  expected: Expected,
  { input, instead = ['', ''], words = [], leaves = /(?!)/, by, edit }: Typed = {},
): Promise<void> {
  const before = snapshot(machine.home.folder);
  const report = await machine.doctor(...words);
  assert.equal(snapshot(machine.home.folder), before, 'doctor changed something');
  const found = findingIn(report, expected);
  const all = report.checks.map((each) => `${each.state} ${each.name}: ${each.message}`).join('\n');
  assert.ok(found, `${expected.check} does not say ${expected.message}: ${all}`);
  assert.is(report.status, report.checks.some(({ state }) => state === 'error') ? 1 : 0);
  assert.type(found.hint, 'string', found.message);
  const hint = found.hint ?? '';
  assert.ok((edit ?? by) !== undefined || hint.includes('run '), hint);
  edit?.();
  const [, command = ''] =
    /(?:^|, then |, |; to start again, )run (.*?)(?:, or docker-credential-icr .*)?$/.exec(hint) ??
    [];
  const after = await machine.fixAndDiagnose((by ?? command).replace(...instead), words, input);
  assert.is(findingIn(after, expected), undefined, `${hint} did not fix: ${found.message}`);
  const known = complaints(report);
  const added = complaints(after).filter((one) => !known.includes(one) && !leaves.test(one));
  assert.equal(added, [], `after ${hint}`);
}

function complaints({ checks }: Report): string[] {
  return checks
    .filter(({ state }) => state === 'warning' || state === 'error')
    .map(({ name, message }) => `${name}: ${message}`);
}
