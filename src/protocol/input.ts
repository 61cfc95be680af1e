import type { Context } from '../context.ts';
import { readSome } from '../descriptors.ts';
import { HelperError, sentences, systemCode } from '../errors.ts';
import { hasControlCharacter, parseServerURL, type RegistryHost } from '../registry/parse.ts';
import type { Credential } from '../secrets/store.ts';

/** Bytes; Docker sends a few hundred. */
export const longestInput = 1024 * 1024;

/** Standard input to its end. Throws `invalid-input` for more than 1 MiB and for what is not UTF-8. */
export function readInput({ stdin, input }: Context): string {
  if (input !== undefined) return decodeShort(input);
  let bytes = new Uint8Array(4096);
  for (let length = 0; ; ) {
    const count = readInputSome(stdin, bytes.subarray(length));
    if (count === 0) return decode(bytes.subarray(0, length));
    length += count;
    if (length > longestInput) throw tooLong();
    if (length === bytes.length) bytes = enlarge(bytes);
  }
}

function decodeShort(bytes: Uint8Array): string {
  if (bytes.length > longestInput) throw tooLong();
  return decode(bytes);
}

function tooLong(): HelperError {
  return invalid('the input is longer than 1 MiB');
}

function enlarge(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(bytes.length * 2);
  larger.set(bytes);
  return larger;
}

/** ASCII, as nearly always: a decoder would cost a `get` half a megabyte. */
function decode(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte > 0x7f) return decodeUtf8(bytes);
    text += String.fromCharCode(byte);
  }
  return text;
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalid('the input is not UTF-8');
  }
}

function readInputSome(descriptor: number, chunk: Uint8Array): number {
  try {
    return readSome(descriptor, chunk);
  } catch (error) {
    throw invalid(`the input cannot be read (${systemCode(error) ?? error})`);
  }
}

/** The input of `get` and `erase`: a ServerURL alone, spaces and line ends around it dropped. */
export function parseHostInput(text: string): { serverURL: string; host: RegistryHost } {
  const serverURL = text.trim();
  return { serverURL, host: requireHost(serverURL) };
}

/** The input of `store`: a JSON object with three texts; other members are passed over, as Docker does. */
export function parseCredentialInput(text: string): { credential: Credential; host: RegistryHost } {
  if (text.trim() === '') throw new HelperError('invalid-input', sentences.missingServerURL);
  const { ServerURL = '', Username = '', Secret = '' } = parseObject(text);
  for (const [name, value] of Object.entries({ ServerURL, Username, Secret })) {
    if (typeof value !== 'string') throw invalid(`${name} is not a text`);
    if (!value.isWellFormed()) throw invalid(`${name} is not Unicode`);
    if (hasControlCharacter(value)) throw invalid(`${name} has a control character`);
  }
  const credential = { ServerURL, Username, Secret } as Credential;
  const host = requireHost(credential.ServerURL.trim());
  if (credential.Username === '') {
    throw new HelperError('invalid-input', sentences.missingUsername);
  }
  if (credential.Secret === '') throw invalid('Secret is empty');
  return { credential, host };
}

function requireHost(serverURL: string): RegistryHost {
  if (serverURL === '') throw new HelperError('invalid-input', sentences.missingServerURL);
  const host = parseServerURL(serverURL);
  if ('problem' in host) throw invalid(`ServerURL is not usable: ${host.problem}`);
  return host;
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message quotes the input, and the input holds a secret.
    throw invalid('the input is not JSON');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw invalid('the input is not a JSON object');
}

function invalid(message: string): HelperError {
  return new HelperError('invalid-input', `${message}; nothing was changed`);
}
