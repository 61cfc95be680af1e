import fs from 'node:fs';
import type { Context, Terminal } from '../context.ts';
import { readAll } from '../descriptors.ts';
import { HelperError, systemCode } from '../errors.ts';
import { apiKeyIn, parseKeyFile } from '../identity/api-key-variable.ts';
import { keyProblem } from '../identity/key-problem.ts';
import { ambientVariables } from '../secret-variables.ts';
import { readInput } from '../standard-input.ts';
import { ask } from './prompt.ts';

const notAllowed = 'a space or a character that is not allowed';
const checkKey = 'check the API key';

/** The API key on standard input: the bare key, or the file that the ibmcloud CLI wrote. */
export async function apiKeyOnStdin(context: Context): Promise<string> {
  const text = await secretOnStdin(context, 'IBM Cloud API key');
  const key = text.trim() === '' ? '' : parseKeyFile(text);
  if (key === undefined) {
    throw invalid(
      'no API key on standard input',
      'pass the API key, or a file with one, and no more',
    );
  }
  return checkedKey(context, key);
}

export function apiKeyInFile(context: Context, file: string): string {
  const key = parseKeyFile(readText(file));
  if (key !== undefined) return checkedKey(context, key);
  throw invalid(
    `no API key in ${file}`,
    'use a file that ibmcloud iam api-key-create --file wrote',
  );
}

/** The API key in the environment, else what is typed at a hidden prompt. */
export async function apiKeyFromPerson(context: Context): Promise<string> {
  for (const name of ['DOCKER_CREDENTIAL_ICR_API_KEY', ...ambientVariables]) {
    const value = context.env[name];
    if (!value) continue;
    context.warn(`using the API key in ${name}`);
    return checkedKey(context, apiKeyIn(name, value));
  }
  const name = 'IBM Cloud API key';
  const instead = 'use --api-key-stdin, --api-key-file or IBMCLOUD_API_KEY';
  return checkedKey(context, await askSecret(requireTerminal(context, name, instead), name));
}

/** A token on standard input, in one piece. */
export async function tokenOnStdin(context: Context, name: string): Promise<string> {
  const token = (await secretOnStdin(context, name)).trim();
  if (token === '') throw invalid('standard input is empty', `pass the ${name}`);
  if (!isVisible(token)) throw invalid(`the ${name} contains ${notAllowed}`, `check the ${name}`);
  return token;
}

/** On a terminal it is one line, and not echoed. */
function secretOnStdin(context: Context, name: string): Promise<string> {
  const terminal = context.terminal();
  return terminal === undefined ? readInput(context) : askSecret(terminal, name);
}

/** Throws `invalid-input` without a terminal; `instead` is the hint. */
export function requireTerminal(context: Context, name: string, instead: string): Terminal {
  const terminal = context.terminal();
  if (terminal !== undefined) return terminal;
  throw invalid(`cannot ask for the ${name} without a terminal`, instead);
}

/** Asks on the terminal, and shows nothing of the answer. Throws what `ask` throws. */
export async function askSecret(terminal: Terminal, name: string): Promise<string> {
  return (await ask(terminal, `${name} (not shown): `, { hidden: true })).trim();
}

/** The file may be a pipe, as in `--api-key-file <(pass show key)`, or a device without end: its size says nothing. */
function readText(file: string): string {
  try {
    const descriptor = fs.openSync(file, 'r');
    try {
      return new TextDecoder().decode(readAll(fs, descriptor));
    } finally {
      fs.closeSync(descriptor);
    }
  } catch (error) {
    // Its name is not repeated: it may be the key itself.
    const reason = systemCode(error) ?? error;
    throw new HelperError('storage', `cannot read the API key file (${reason})`, {
      hint: 'check the path after --api-key-file',
    });
  }
}

/** What IBM generates: 44 letters, digits, `-` and `_`; people may bring their own, of 32 or more. */
function checkedKey(context: Context, key: string): string {
  if (key === '') throw invalid('the API key is empty', checkKey);
  const problem = keyProblem(key);
  if (problem !== undefined) throw invalid(`the API key ${problem}`, checkKey);
  if (key.length < 32) context.warn(`the API key has ${key.length} characters; IBM's have 44`);
  return key;
}

function isVisible(secret: string): boolean {
  return /^[\x21-\x7e]+$/.test(secret);
}

function invalid(message: string, hint: string): HelperError {
  return new HelperError('invalid-input', message, { hint });
}
