import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { type SandboxProcess, spawnSandbox } from '../../test/sandbox/spawn.ts';
import { compile, executable } from '../build.ts';
import type { Program } from './program.ts';

const host = 'us.icr.io';
const secret = 'canary-0123456789abcdefghijklmnopqrstuvwxyz0';
const notFound = 'credentials not found in native keychain\n';
const found = `{"ServerURL":"${host}","Username":"iam`;

/** A home for one way to be signed in, with no more in its environment than a client would give. */
export interface Home {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

export function makeHome(parent: string, name: string): Home {
  const folder = path.join(parent, name);
  fs.mkdirSync(folder, { mode: 0o700 });
  return { folder, env: { HOME: folder, PATH: process.env.PATH ?? '' } };
}

/** What nothing written in JavaScript and made into an executable in the same way can be faster than. */
function emptyProgram(folder: string): Program {
  const source = path.join(folder, 'empty.ts');
  const file = path.join(folder, 'empty');
  fs.writeFileSync(source, 'export {};\n');
  compile(source, file);
  const { env } = makeHome(folder, 'nobody');
  return { name: 'empty executable', file, args: [], input: '', env, answers: '', status: 0 };
}

/** The helper's ways to answer, after the empty executable that they are compared with. */
export async function ownPrograms(folder: string, cloud: SandboxProcess): Promise<Program[]> {
  return [
    emptyProgram(folder),
    get('get, stored credential', storedHome(folder)),
    get('get, identity mapped to `*`', mappedHome(folder)),
    get('get, cached access token', await cachedHome(folder, cloud)),
    get('get, not found', makeHome(folder, 'not-found'), notFound),
  ];
}

/** The helper, asked for a host. */
export function get(name: string, { env }: Home, answers = found): Program {
  const status = answers === found ? 0 : 1;
  return { name, file: executable, args: ['get'], input: `${host}\n`, env, answers, status };
}

/** As `docker login` leaves it. */
export function storedHome(folder: string): Home {
  const home = makeHome(folder, 'stored');
  run(home, ['store'], JSON.stringify({ ServerURL: host, Username: 'iamapikey', Secret: secret }));
  return home;
}

/** As `login` leaves it: an identity that answers for every host. */
function mappedHome(folder: string): Home {
  const home = makeHome(folder, 'mapped');
  run(home, ['login', '--no-verify', '--api-key-stdin'], secret);
  return home;
}

/** The same, presented as an access token that the first `get` left in the cache. */
async function cachedHome(folder: string, cloud: SandboxProcess): Promise<Home> {
  const home = await bearerHome(folder, 'cached', cloud);
  run(home, ['get'], host);
  return { ...home, env: { HOME: home.folder, PATH: home.env.PATH ?? '' } };
}

/** An identity whose access token IAM on loopback has to mint. */
export async function bearerHome(
  folder: string,
  name: string,
  cloud: SandboxProcess,
): Promise<Home> {
  const { folder: own, env } = makeHome(folder, name);
  const home = {
    folder: own,
    env: { ...env, SSL_CERT_FILE: cloud.caFile, IBMCLOUD_IAM_API_ENDPOINT: cloud.iamUrl },
  };
  const { value } = await cloud.accounts.addApiKey({});
  run(home, ['login', '--no-verify', '--api-key-stdin', '--present', 'iambearer'], value);
  return home;
}

export function startCloud(folder: string): Promise<SandboxProcess> {
  return spawnSandbox({ folder: path.join(folder, 'cloud') });
}

function run({ env }: Home, args: readonly string[], input: string): void {
  execFileSync(executable, args, { env, input });
}
