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
/** What a person types at the prompt of a `login` that mends something. */
export const newApiKey = 'canary-key-that-mends-1234567890-abcdefghijk';

type Env = Readonly<Record<string, string | undefined>>;

/** What doctor said. */
export interface Report {
  readonly ok: boolean;
  readonly checks: readonly Result[];
  readonly status: number | null;
}

/** A machine on which all is well: one that a test can spoil. */
export interface Machine {
  readonly home: Home;
  readonly sandbox: Sandbox;
  /** The only folder on `PATH`. */
  readonly bin: string;
  readonly dockerFile: string;
  /** All that a program here has in its environment; a test may change it. */
  readonly env: Record<string, string | undefined>;
  readonly doctor: (...words: string[]) => Promise<Report>;
  /** Types a command, then `doctor` in the same shell. */
  readonly mend: (fix: string, words?: readonly string[], input?: string) => Promise<Report>;
}

/** What a command of a fix asks the person for. */
export interface Typed {
  /** On its standard input. */
  readonly input?: string;
  /** An option that asks on a terminal, and one that reads standard input in its place. */
  readonly instead?: readonly [option: string, other: string];
  /** Of doctor itself. */
  readonly words?: readonly string[];
  /** A command that does what a hint that is no command says. */
  readonly by?: string | undefined;
  /** The same for an edit. */
  readonly edit?: (() => void) | undefined;
  /** What is still to be done afterwards. */
  readonly leaves?: RegExp;
}

export interface Expected {
  readonly check: string;
  readonly state: Result['state'];
  readonly message: RegExp;
}

/** A row of a table: what is spoiled, how, and which check finds it and says what. */
export type Spoiled = readonly [
  what: string,
  spoil: (machine: Machine) => void,
  check: string,
  state: Expected['state'],
  message: RegExp,
];

/** A suite of its own cloud; every name is led there by a proxy, as from a company's network. */
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

/** Programs that the commands of fixes are made of. */
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

/** Makes a healthy machine, hands it to `use`, and removes it. */
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

/** Every public host with this helper, and whatever else a test wants in the file. */
export function writeDockerFile(file: string, other: object): void {
  const credHelpers = Object.fromEntries(publicHosts.map((host) => [host, 'icr']));
  fs.writeFileSync(file, `${JSON.stringify({ credHelpers, ...other }, null, '\t')}\n`);
}

/** A program that does what the script says. */
export function writeProgram({ bin }: Pick<Machine, 'bin'>, name: string, script: string): string {
  const file = path.join(bin, name);
  fs.writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return file;
}

/**
 * A client's `logout` where the client is not installed: it takes the entry out of the file and tells the
 * helper, as docker and podman do. Where it is installed, the real one is used.
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
 * A `login` in the command takes its key from the environment in place of the prompt; doctor itself then
 * does not see it. Exports of the command last, as they do in a terminal.
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

/** Whether the report has such a line. */
export function findingIn({ checks }: Report, expected: Expected): Result | undefined {
  const { check, state, message } = expected;
  return checks.find(
    (each) => each.name === check && each.state === state && message.test(each.message),
  );
}

/** Doctor names it and changes nothing; what it says to type is typed; then it is gone, and nothing else is wrong. */
export async function expectMended(
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
  const after = await machine.mend((by ?? command).replace(...instead), words, input);
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
