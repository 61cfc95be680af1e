import fs from 'node:fs';
import type { Context, Terminal } from '../context.ts';
import { readAll } from '../descriptors.ts';
import { HelperError, invalidInput, systemCode } from '../errors.ts';
import type { OpenIdConfiguration } from '../iam/openid-configuration.ts';
import { apiKeyIn, keyProblem, parseKeyFile } from '../identity/api-key-variable.ts';
import { apiKeyVariables } from '../secret-variables.ts';
import { readInput } from '../standard-input.ts';
import type { Browser } from './browser.ts';
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

const passcodeName = 'one-time passcode';

/** Returns the terminal on which a passcode can be typed. Throws `invalid-input` without a terminal. */
export function requirePasscodeTerminal(context: Context): Terminal {
  const hint = 'run docker-credential-icr login --sso in a terminal, or use --api-key-stdin';
  return requireTerminal(context, passcodeName, hint);
}

/** Prints the address where IAM issues one-time passcodes, opens it in the browser, and asks for the passcode. */
export async function askPasscode(
  context: Context,
  configuration: OpenIdConfiguration,
  browser: Browser | undefined,
): Promise<string> {
  const terminal = requirePasscodeTerminal(context);
  const address = passcodePage(configuration);
  printLine(context, `Get a one-time passcode at ${address}`);
  browser?.open(address);
  return askSecret(terminal, passcodeName);
}

/** Returns the address of the page for one-time passcodes. Throws `unreachable` if IAM did not name one. */
export function passcodePage({ base, passcodePage }: OpenIdConfiguration): string {
  if (passcodePage !== undefined) return passcodePage.href;
  throw new HelperError('unreachable', `IAM at ${base} answered without a passcode address`);
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
