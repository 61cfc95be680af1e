import { spawn } from 'node:child_process';
import fs from 'node:fs';
import type { Context, Terminal } from '../context.ts';
import { readAll } from '../descriptors.ts';
import { HelperError, invalidInput, systemCode } from '../errors.ts';
import { findProgram } from '../files/executables.ts';
import type { Verification } from '../iam/owner.ts';
import { apiKeyIn, keyProblem, parseKeyFile } from '../identity/api-key-variable.ts';
import { apiKeyVariables } from '../secret-variables.ts';
import { withoutSecrets } from '../secrets/helper-program.ts';
import { readInput } from '../standard-input.ts';
import { printLine } from './output.ts';
import { ask } from './prompt.ts';

const invalidCharacters = 'a space or a character that is not allowed';
const checkKey = 'check the API key';

/** Reads an API key from standard input: the key alone, or the JSON of the ibmcloud CLI. Throws `invalid-input`. */
export async function apiKeyOnStdin(context: Context): Promise<string> {
  const text = await secretOnStdin(context, 'IBM Cloud API key');
  const key = text.trim() === '' ? '' : parseKeyFile(text);
  if (key === undefined) {
    throw invalidInput(
      'no API key on standard input',
      'pass only the API key, or the file that ibmcloud iam api-key-create --file wrote',
    );
  }
  return checkedKey(context, key);
}

/** Reads an API key from a file. Throws `invalid-input` or `storage`. */
export function apiKeyInFile(context: Context, file: string): string {
  const key = parseKeyFile(readText(file));
  if (key !== undefined) return checkedKey(context, key);
  throw invalidInput(
    `no API key in ${file}`,
    'use a file that ibmcloud iam api-key-create --file wrote',
  );
}

/** Returns the API key in the environment; otherwise asks for it with a hidden prompt. Throws `invalid-input`. */
export async function askApiKey(context: Context): Promise<string> {
  for (const variable of apiKeyVariables) {
    const value = context.env[variable];
    if (!value) continue;
    context.warn(`using the API key in ${variable}`);
    return checkedKey(context, apiKeyIn(variable, value));
  }
  const name = 'IBM Cloud API key';
  const hint = 'use --api-key-stdin, --api-key-file or IBMCLOUD_API_KEY';
  return checkedKey(context, await askSecret(requireTerminal(context, name, hint), name));
}

/** Reads a token from standard input. Throws `invalid-input`. */
export async function tokenOnStdin(context: Context, name: string): Promise<string> {
  const token = (await secretOnStdin(context, name)).trim();
  if (token === '') throw invalidInput('standard input is empty', `pass the ${name}`);
  if (!isVisible(token))
    throw invalidInput(`the ${name} contains ${invalidCharacters}`, `check the ${name}`);
  return token;
}

/** Prints the address where IAM issues one-time passcodes, opens it in a browser, and asks for the passcode. */
export async function askPasscode(context: Context, verification: Verification): Promise<string> {
  const name = 'one-time passcode';
  const hint = 'run docker-credential-icr login --sso in a terminal, or use --api-key-stdin';
  const terminal = requireTerminal(context, name, hint);
  const { passcodeEndpoint } = await import('../iam/token-request.ts');
  const address = await passcodeEndpoint(context, verification);
  printLine(context, `get a one-time passcode at ${address}`);
  openInBrowser(context, address);
  return askSecret(terminal, name);
}

/** Failures are ignored: the address was printed. */
function openInBrowser(context: Context, address: string): void {
  const opener = openerFor(context);
  const program = opener === undefined ? undefined : findProgram(context, opener);
  if (program === undefined) return;
  const env = withoutSecrets(context);
  const child = spawn(program, [address], { stdio: 'ignore', detached: true, env });
  child.on('error', () => {});
  child.unref();
}

function openerFor({ env, platform }: Context): string | undefined {
  if (platform === 'darwin') return 'open';
  if (platform === 'win32') return 'explorer';
  return env.DISPLAY || env.WAYLAND_DISPLAY ? 'xdg-open' : undefined;
}

/** Reads standard input. If it is a terminal, reads one line without echo. */
function secretOnStdin(context: Context, name: string): Promise<string> {
  const terminal = context.terminal();
  return terminal === undefined ? readInput(context) : askSecret(terminal, name);
}

function requireTerminal(context: Context, name: string, hint: string): Terminal {
  const terminal = context.terminal();
  if (terminal !== undefined) return terminal;
  throw invalidInput(`cannot ask for the ${name} without a terminal`, hint);
}

async function askSecret(terminal: Terminal, name: string): Promise<string> {
  return (await ask(terminal, `${name} (not shown): `, { hidden: true })).trim();
}

/** Reads to the end: the size of a pipe, as in `--api-key-file <(pass show key)`, or of a device is unknown. */
function readText(file: string): string {
  try {
    const descriptor = fs.openSync(file, 'r');
    try {
      return new TextDecoder().decode(readAll(fs, descriptor));
    } finally {
      fs.closeSync(descriptor);
    }
  } catch (error) {
    // The path is not printed: it may be the key itself, typed in the wrong place.
    const reason = systemCode(error) ?? error;
    throw new HelperError('storage', `cannot read the API key file (${reason})`, {
      hint: 'check the path after --api-key-file',
    });
  }
}

/** IAM generates keys of 44 characters (letters, digits, `-`, `_`); keys that users choose have 32 or more. */
function checkedKey(context: Context, key: string): string {
  if (key === '') throw invalidInput('the API key is empty', checkKey);
  const problem = keyProblem(key);
  if (problem !== undefined) throw invalidInput(`the API key ${problem}`, checkKey);
  if (key.length < 32) context.warn(`the API key has ${key.length} characters; IBM's have 44`);
  return key;
}

function isVisible(secret: string): boolean {
  return /^[\x21-\x7e]+$/.test(secret);
}
