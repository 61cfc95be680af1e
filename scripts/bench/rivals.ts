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

/** Another credential helper for comparison, and a function that stops the processes that it needs. */
export interface Rival {
  readonly name: string;
  /** Undefined if the helper is not installed. */
  readonly program: Program | undefined;
  readonly close: () => void;
}

/** Prepares the other helpers, each with a stored secret and its own home directory. */
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
  const [input, outputPrefix] = verb === 'get' ? [host, found] : ['', '{'];
  return {
    name,
    program: { name, file, args: [verb], input, env, outputPrefix, status: 0 },
    close,
  };
}

/**
 * Creates a GPG key without a passphrase, to avoid a prompt. gpg-agent keeps running, as on a real machine.
 */
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

/** Starts a D-Bus session and an unlocked keyring. Both exit when the shell's standard input is closed. */
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
