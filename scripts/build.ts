import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import manifest from '../package.json' with { type: 'json' };
import { copyForSplitting } from './hot-chunk.ts';
import { writeHardenedRuntime } from './runtime.ts';

const root = path.dirname(import.meta.dirname);

/** The path of the executable that `buildExecutable` builds. */
export const executable = path.join(root, 'dist', 'docker-credential-icr');

/**
 * Defines for dependencies, in place of environment variables: with DEBUG=*, axios' proxy agent would print a proxy's
 * password.
 */
export const environmentDefines: Readonly<Record<string, string>> = {
  'process.env.DEBUG': 'undefined',
};

/**
 * Chosen with the measurements in docs/benchmarks.md. The autoload flags prevent a .env or bunfig.toml file in the
 * current directory from changing the program.
 */
const flags: readonly string[] = [
  '--compile',
  '--minify',
  '--splitting',
  '--bytecode',
  '--format=esm',
  '--no-compile-autoload-dotenv',
  '--no-compile-autoload-bunfig',
  ...Object.entries(environmentDefines).map(([name, value]) => `--define=${name}=${value}`),
];

/** Compiles `entry` to the executable `outfile` with the Bun that runs this script. Both are absolute paths. */
export function compile(entry: string, outfile: string, extra: readonly string[] = []): void {
  const words = ['build', ...flags, ...extra, entry, '--outfile', outfile];
  // Bun writes a temporary file of 100 MB into the current directory, and leaves it there if it is killed.
  const cwd = path.dirname(outfile);
  fs.mkdirSync(cwd, { recursive: true });
  execFileSync(process.execPath, words, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
}

/**
 * Builds the executable and renames it into place, so that a process that starts at the same time gets the old or the
 * new version. It is built twice: the first build records the bytecode that runs; the second places that bytecode
 * at the front and contains the hardened runtime.
 */
export function buildExecutable(): void {
  const aside = `${executable}.${process.pid}`;
  const define = ['--define', `BUILD_VERSION=${JSON.stringify(manifest.version)}`];
  const main = copyForSplitting();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-build-'));
  try {
    compile(main, aside, define);
    const order = recordBytecodeOrder(aside, folder);
    const runtime = path.join(folder, 'bun');
    writeHardenedRuntime(process.execPath, runtime);
    const words = [...order, `--compile-executable-path=${runtime}`];
    compile(main, aside, [...define, ...words]);
    fs.renameSync(aside, executable);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/**
 * Runs the most frequent commands, in which Bun records the bytecode that runs. Returns the options of `bun build` that
 * place it at the front, most important first.
 */
export function recordBytecodeOrder(program: string, folder: string): string[] {
  const [config, cache] = [path.join(folder, 'config'), path.join(folder, 'cache')];
  // Without the variables of the user, which may contain a credential.
  const env = {
    HOME: folder,
    DOCKER_CREDENTIAL_ICR_CONFIG_DIR: config,
    DOCKER_CREDENTIAL_ICR_CACHE_DIR: cache,
  };
  const run = (args: readonly string[], input: string, more = {}) =>
    spawnSync(program, args, { env: { ...env, ...more }, input, encoding: 'utf8' });
  const record = (name: string, args: readonly string[], input = '') => {
    const order = path.join(folder, name);
    const { status, stderr } = run(args, input, { BUN_BYTECODE_ORDER_OUT: order });
    if (status !== (name === 'not-found' ? 1 : 0)) throw new Error(`${name}: ${stderr}`);
    sortLines(order);
    return order;
  };
  const host = 'us.icr.io';
  run(['store'], JSON.stringify({ ServerURL: host, Username: 'iamapikey', Secret: 'none' }));
  const stored = record('stored', ['get'], host);
  const notFound = record('not-found', ['get'], 'uk.icr.io');
  const others = ['list', 'status'].map((name) => record(name, [name]));
  run(['login', '--no-verify', '--api-key-stdin', '--present', 'iambearer'], 'none');
  writeCachedToken(config, cache);
  const cached = record('cached', ['get'], 'uk.icr.io');
  changeSettings(config, { accessLog: true });
  const log = path.join(config, 'access-log');
  let logged: string;
  // Repeated if this process is the one of many that collects all entries, so that builds are reproducible.
  do {
    fs.rmSync(log, { recursive: true, force: true });
    fs.mkdirSync(log, { mode: 0o700 });
    logged = record('logged', ['get'], host);
  } while (fs.readdirSync(log).length !== 1);
  const orders = [stored, cached, notFound, logged, ...others];
  return orders.map((order) => `--bytecode-order=${order}`);
}

function changeSettings(config: string, change: object): void {
  const file = path.join(config, 'config.json');
  const settings = JSON.parse(fs.readFileSync(file, 'utf8'));
  fs.writeFileSync(file, JSON.stringify({ ...settings, ...change }));
}

/** Caches an access token for the identity `default`. */
function writeCachedToken(config: string, cache: string): void {
  const settings = JSON.parse(fs.readFileSync(path.join(config, 'config.json'), 'utf8'));
  const { secretSetAt: since } = settings.identities.default;
  const [issuedAt, expiresAt] = [Date.now(), Date.now() + 3600_000];
  const entry = { name: 'default', token: 'none', issuedAt, expiresAt, since };
  fs.mkdirSync(cache, { mode: 0o700 });
  fs.writeFileSync(path.join(cache, 'default.json'), JSON.stringify(entry), { mode: 0o600 });
}

/**
 * Sorts the lines of each kind, which is their first letter. Their order depends on the speed of threads, but builds must
 * be reproducible.
 */
function sortLines(order: string): void {
  const [version = '', ...lines] = fs.readFileSync(order, 'utf8').trimEnd().split('\n');
  fs.writeFileSync(order, `${[version, ...lines.sort()].join('\n')}\n`);
}

if (import.meta.main) {
  buildExecutable();
  console.log(`built ${path.relative(process.cwd(), executable)}`);
}
