import fs from 'node:fs';
import { HelperError, systemCode } from './errors.ts';

// process.stdin and process.stdout cost 8 ms to load, so descriptors are read and written as they
// are. A client may hand over a socket or pipe that does not block: then the system says EAGAIN.
// Typed arrays instead of Buffer: its first use costs a `get` 0.1 ms.

/** The number of bytes read into `chunk`, 0 at the end. Throws the system's error. */
export function readSome(descriptor: number, chunk: Uint8Array): number {
  for (;;) {
    try {
      return fs.readSync(descriptor, chunk);
    } catch (error) {
      const code = systemCode(error);
      // Windows reports the end of a pipe as an error; a closed descriptor has nothing to say either.
      if (code === 'EOF' || code === 'EBADF') return 0;
      if (code !== 'EAGAIN') throw error;
      pause(2);
    }
  }
}

/** Returns when all of it is written. Throws `storage` where nobody reads, or nothing fits. */
export function writeAll(descriptor: number, text: string): void {
  let rest = isShortAscii(text) ? text : new TextEncoder().encode(text);
  while (rest.length > 0) {
    const count = writeSome(descriptor, rest);
    rest = typeof rest === 'string' ? rest.slice(count) : rest.subarray(count);
  }
}

/** Such a text has as many bytes as characters; an encoder would cost a `get` half a megabyte. */
function isShortAscii(text: string): boolean {
  if (text.length > 10_000) return false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

function writeSome(descriptor: number, part: string | Uint8Array): number {
  try {
    return typeof part === 'string'
      ? fs.writeSync(descriptor, part)
      : fs.writeSync(descriptor, part);
  } catch (error) {
    const code = systemCode(error);
    if (code !== 'EAGAIN') {
      const name = descriptor === 1 ? 'standard output' : 'standard error';
      throw new HelperError('storage', `cannot write to ${name} (${code})`, { cause: error });
    }
    pause(2);
    return 0;
  }
}

function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
