import { asciiText } from '../ascii.ts';
import type { Context } from '../context.ts';
import { HelperError, sentences, systemCode } from '../errors.ts';
import { parseServerURL, type RegistryHost } from '../registry/parse.ts';

/** Bytes; Docker sends a few hundred. */
export const longestInput = 1024 * 1024;

/** Reads standard input as text. Throws `invalid-input` for more than 1 MiB and for what is not UTF-8. */
export async function readInput(context: Context): Promise<string> {
  const bytes = await readBytes(context);
  if (bytes.length > longestInput) throw invalid('the input is longer than 1 MiB');
  return asciiText(bytes) ?? decodeUtf8(bytes);
}

async function readBytes(context: Context): Promise<Uint8Array> {
  try {
    return await context.readInput();
  } catch (error) {
    throw invalid(`the input cannot be read (${systemCode(error) ?? error})`);
  }
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalid('the input is not UTF-8');
  }
}

/** The input of `get` and `erase`: a ServerURL alone, spaces and line ends around it dropped. */
export function parseHostInput(text: string): { serverURL: string; host: RegistryHost } {
  const serverURL = text.trim();
  return { serverURL, host: requireHost(serverURL) };
}

export function requireHost(serverURL: string): RegistryHost {
  if (serverURL === '') throw new HelperError('invalid-input', sentences.missingServerURL);
  const host = parseServerURL(serverURL);
  if ('problem' in host) throw invalid(`ServerURL is not usable: ${host.problem}`);
  return host;
}

export function invalid(message: string): HelperError {
  return new HelperError('invalid-input', `${message}; nothing was changed`);
}
