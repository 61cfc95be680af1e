import type { Context } from './context.ts';
import { HelperError, systemCode } from './errors.ts';
import { asciiText } from './fast-path.ts';

/** Docker sends a few hundred bytes. */
const maxInputBytes = 1024 * 1024;

/** Reads standard input as text. Throws `invalid-input` for more than 1 MiB and for other encodings than UTF-8. */
export async function readInput(context: Context): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await context.readInput();
  } catch (error) {
    throw unreadable(`cannot read the input (${systemCode(error) ?? error})`);
  }
  if (bytes.length > maxInputBytes) throw unreadable('the input is longer than 1 MiB');
  return asciiText(bytes) ?? decodeUtf8(bytes);
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw unreadable('the input is not UTF-8');
  }
}

function unreadable(message: string): HelperError {
  return new HelperError('invalid-input', message);
}
