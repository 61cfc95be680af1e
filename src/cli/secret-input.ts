import fs from 'node:fs';
import { read } from 'read';
import type { Context } from '../context.ts';
import { HelperError, systemCode } from '../errors.ts';
import { ambientVariables, apiKeyIn, parseKeyFile } from '../identity/environment.ts';
import { readInput } from '../protocol/input.ts';

/** Where a person says the API key is; a secret itself is never an argument. */
export interface ApiKeyOptions {
  readonly apiKeyStdin?: boolean;
  readonly apiKeyFile?: string;
}

/** The API key from where the options say, else the environment, else a hidden prompt. */
export async function readApiKey(context: Context, options: ApiKeyOptions): Promise<string> {
  if (options.apiKeyStdin && options.apiKeyFile !== undefined) {
    throw invalid('--api-key-stdin and --api-key-file exclude each other');
  }
  if (options.apiKeyStdin) return checked(context, keyOnStdin(context));
  if (options.apiKeyFile !== undefined) return checked(context, keyInFile(options.apiKeyFile));
  return checked(context, keyInEnvironment(context) ?? (await promptForKey(context)));
}

function keyOnStdin(context: Context): string {
  const text = readInput(context);
  if (text.trim() === '') return '';
  const key = parseKeyFile(text);
  if (key === undefined) throw invalid('standard input holds no API key');
  return key;
}

function keyInFile(file: string): string {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    throw new HelperError('storage', `cannot read ${file} (${systemCode(error) ?? error})`);
  }
  const key = parseKeyFile(text);
  if (key !== undefined) return key;
  throw invalid(
    `${file} holds no API key; it should be what ibmcloud iam api-key-create --file wrote`,
  );
}

function keyInEnvironment(context: Context): string | undefined {
  for (const name of ['DOCKER_CREDENTIAL_ICR_API_KEY', ...ambientVariables]) {
    const value = context.env[name];
    if (!value) continue;
    context.warn(`using the API key in ${name}`);
    return apiKeyIn(name, value);
  }
  return undefined;
}

async function promptForKey(context: Context): Promise<string> {
  const terminal = context.terminal();
  if (terminal === undefined) {
    throw invalid(
      'there is no terminal to ask for the API key; use --api-key-stdin, --api-key-file or IBMCLOUD_API_KEY',
    );
  }
  try {
    const prompt = 'IBM Cloud API key (not shown):';
    return (await read({ ...terminal, prompt, silent: true })).trim();
  } catch (error) {
    throw new HelperError('cancelled', 'nothing was changed', error);
  }
}

/** What IBM generates: 44 letters, digits, `-` and `_`; people may bring their own, of 32 or more. */
function checked(context: Context, key: string): string {
  if (key === '') throw invalid('the API key is empty');
  if (!/^[\x21-\x7e]+$/.test(key))
    throw invalid('the API key has a space or another character that no key has');
  // IBM's SDKs refuse these too: a placeholder was pasted.
  if (/^[{"]|[}"]$/.test(key))
    throw invalid(
      'the API key starts or ends with a brace or a quotation mark; paste the key alone',
    );
  if (key.length < 32) context.warn(`the API key has ${key.length} characters; IBM's have 44`);
  return key;
}

function invalid(message: string): HelperError {
  return new HelperError('invalid-input', message);
}
