import fs from 'node:fs';
import path from 'node:path';
import type { SandboxProcess } from '../../test/sandbox/spawn.ts';
import { compile, executable } from '../build.ts';
import { writeHardenedRuntime } from '../runtime.ts';
import { cachedHome, type Home, host, makeHome, mappedHome, storedHome } from './home.ts';
import type { Program } from './program.ts';

const found = `{"ServerURL":"${host}","Username":"iam`;
const notFound = 'credentials not found in native keychain\n';
const usual = { outputPrefix: '', status: 0, isSingleProcess: true };
const sizes = [10, 1000, 10_000];

/**
 * Copies a program as an installation does. The system needs half a millisecond longer to map a file that a compiler
 * wrote in small parts, so all compared files must be written in the same way.
 */
export function install(file: string, folder: string, name: string): string {
  const copy = path.join(folder, 'installed', name);
  fs.mkdirSync(path.dirname(copy), { recursive: true });
  fs.copyFileSync(file, copy);
  return copy;
}

/**
 * The helper's calls to measure, after the empty executable that they are compared with. Each uses its own copy of the
 * executable: a shared file would be in the processor's caches more often.
 */
export async function ownPrograms(folder: string, cloud: SandboxProcess): Promise<Program[]> {
  const empty = emptyProgram(folder);
  const emptyHome = makeHome(folder, 'empty-home');
  const homes = [
    ['get, stored credential', storedHome(folder)],
    ['get, identity mapped to `*`', mappedHome(folder)],
    ['get, cached access token', await cachedHome(folder, cloud)],
    ['get, not found', emptyHome],
  ] as const;
  const gets = homes.map(([name, home], index) => {
    const program = get(
      install(executable, folder, path.join(`helper-${index}`, path.basename(executable))),
      name,
      home,
    );
    return home === emptyHome ? { ...program, outputPrefix: notFound, status: 1 } : program;
  });
  const commands = commandPrograms(folder, storedHome(folder, 'commands'));
  const file = ['/bin/true', '/usr/bin/true'].find((name) => fs.existsSync(name)) ?? 'true';
  const any = { name: '`true`: minimum for any process', file, args: [], input: '' };
  const hardened = hardenedEmptyProgram(folder);
  return [empty, hardened, ...gets, ...commands, { ...any, env: emptyHome.env, ...usual }];
}

/** The kubelet's call, and interactive commands that need no network. */
function commandPrograms(folder: string, { env }: Home): Program[] {
  const request = {
    apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
    kind: 'CredentialProviderRequest',
    image: `${host}/team/app:1`,
  };
  const kubelet = { name: 'kubelet, stored credential', args: ['kubelet'], outputPrefix: '{' };
  const rows = [
    { ...kubelet, input: JSON.stringify(request) },
    { name: 'status', args: ['status'], input: '', outputPrefix: 'HOST' },
    { name: 'login --help', args: ['login', '--help'], input: '', outputPrefix: 'Save cred' },
  ];
  return rows.map((row, index) => {
    const file = install(
      executable,
      folder,
      path.join(`command-${index}`, path.basename(executable)),
    );
    return { ...usual, ...row, file, env };
  });
}

/** A program that does nothing, compiled with Bun as it is. */
function emptyProgram(folder: string): Program {
  return compiledEmpty(folder, 'empty executable', []);
}

/** The lower limit for a program that is compiled in the same way. */
function hardenedEmptyProgram(folder: string): Program {
  const runtime = path.join(folder, 'bun');
  writeHardenedRuntime(process.execPath, runtime);
  return compiledEmpty(folder, "empty executable with the helper's runtime", [
    `--compile-executable-path=${runtime}`,
  ]);
}

function compiledEmpty(folder: string, name: string, words: readonly string[]): Program {
  const source = path.join(folder, 'empty.ts');
  const compiled = path.join(folder, 'empty');
  fs.writeFileSync(source, 'export {};\n');
  compile(source, compiled, words);
  const file = install(compiled, folder, name);
  const { env } = makeHome(folder, 'empty-home');
  return { name, file, args: [], input: '', env, ...usual };
}

/** A `get` call for a host. */
export function get(file: string, name: string, { env }: Home): Program {
  return { name, file, args: ['get'], input: `${host}\n`, env, ...usual, outputPrefix: found };
}

/** `list` calls with many credentials, copies of one that the helper stored. */
export function listPrograms(folder: string): Program[] {
  return sizes.map((size) => {
    const { folder: home, env } = storedHome(folder, `list-${size}`);
    multiply(home, size);
    const name = `list, ${size.toLocaleString('en')} credentials`;
    return {
      name,
      file: executable,
      args: ['list'],
      input: '',
      env,
      outputPrefix: '{"',
      status: 0,
    };
  });
}

function multiply(home: string, size: number): void {
  const names = fs.readdirSync(home, { recursive: true, encoding: 'utf8' });
  const [first] = names.filter((name) => name.endsWith('.json'));
  if (first === undefined) throw new Error('no credential was stored');
  const { dir, base } = path.parse(path.join(home, first));
  for (let i = 1; i < size; i++) {
    fs.copyFileSync(path.join(dir, base), path.join(dir, `n${i}.${base}`));
  }
}
