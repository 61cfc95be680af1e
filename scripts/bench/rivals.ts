import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { findProgram } from './find-program.ts';
import { type Home, makeHome } from './home.ts';
import type { Program } from './program.ts';

const host = 'https://us.icr.io';
const credential = JSON.stringify({ ServerURL: host, Username: 'iam', Secret: 'canary' });
const found = `{"ServerURL":"${host}","Username":"iam`;

/** Another credential helper, ready to answer, and how to end what had to be started for it. */
export interface Rival {
  readonly name: string;
  /** `undefined` where it is not installed. */
  readonly program: Program | undefined;
  readonly close: () => void;
}

/** The other helpers, each with a secret really stored in it, in a home of its own. */
export async function startRivals(folder: string): Promise<Rival[]> {
  return [
    rival('docker-credential-pass get', startPass(folder)),
    rival('docker-credential-secretservice get', await startSecretService(folder)),
    rival('docker-credential-ecr-login list', startEcrLogin(folder)),
  ];
}

interface Started {
  readonly file: string;
  readonly env: Home['env'];
  readonly close?: () => void;
}

function rival(name: string, started: Started | undefined): Rival {
  const [, verb = ''] = name.split(' ');
  const { file, env, close = () => {} } = started ?? {};
  if (file === undefined || env === undefined) return { name, program: undefined, close };
  const [input, answers] = verb === 'get' ? [host, found] : ['', '{'];
  return { name, program: { name, file, args: [verb], input, env, answers, status: 0 }, close };
}

/** A GPG key without a passphrase, so that nobody is asked; gpg-agent goes on running, as it does for people. */
function startPass(folder: string): Started | undefined {
  const [file, gpg, pass] = ['docker-credential-pass', 'gpg', 'pass'].map(findProgram);
  if (file === undefined || gpg === undefined || pass === undefined) return undefined;
  const home = makeHome(folder, 'pass');
  const env = { ...home.env, GNUPGHOME: path.join(home.folder, '.gnupg') };
  const quiet = { env, stdio: 'ignore' } as const;
  fs.mkdirSync(env.GNUPGHOME, { mode: 0o700 });
  execFileSync(gpg, ['--batch', '--passphrase', '', '--quick-gen-key', 'bench@localhost'], quiet);
  execFileSync(pass, ['init', 'bench@localhost'], quiet);
  execFileSync(file, ['store'], { env, input: credential });
  return { file, env, close: () => execFileSync('gpgconf', ['--kill', 'all'], quiet) };
}

/** A message bus and an unlocked keyring of its own; both end when the shell's input does. */
async function startSecretService(folder: string): Promise<Started | undefined> {
  const names = ['docker-credential-secretservice', 'dbus-run-session', 'gnome-keyring-daemon'];
  const [file, session, daemon] = names.map(findProgram);
  if (file === undefined || session === undefined || daemon === undefined) return undefined;
  const home = makeHome(folder, 'secretservice');
  const script = `printf canary | "$1" --unlock --components=secrets >/dev/null
echo "$DBUS_SESSION_BUS_ADDRESS"; read -r end`;
  const shell = spawn(session, ['--', 'sh', '-c', script, 'sh', daemon], {
    env: { ...home.env, XDG_RUNTIME_DIR: home.folder },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const [address] = await once(createInterface({ input: shell.stdout }), 'line');
  const env = { ...home.env, DBUS_SESSION_BUS_ADDRESS: String(address) };
  execFileSync(file, ['store'], { env, input: credential });
  return { file, env, close: () => shell.stdin.end() };
}

function startEcrLogin(folder: string): Started | undefined {
  const file = findProgram('docker-credential-ecr-login');
  return file === undefined ? undefined : { file, env: makeHome(folder, 'ecr-login').env };
}
