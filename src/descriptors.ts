import { HelperError, systemCode } from './errors.ts';

// Loading process.stdin and process.stdout takes 8 ms, so descriptors are read and written directly. If a client passes a
// non-blocking socket or pipe, the system reports EAGAIN.
// Uses typed arrays, because the first use of Buffer costs `get` 0.1 ms.

type Fs = Pick<typeof import('node:fs'), 'readSync' | 'writeSync'>;

const maxInputBytes = 1024 * 1024;

/** Reads a file or pipe to its end, at most a little more than 1 MiB. Throws the system's error. */
export function readAll(fs: Fs, descriptor: number): Uint8Array {
  let bytes = new Uint8Array(4096);
  for (let length = 0; ; ) {
    const count = readSome(fs, descriptor, bytes.subarray(length));
    if (count === 0) return bytes.subarray(0, length);
    length += count;
    if (length > maxInputBytes) return bytes.subarray(0, length);
    if (length === bytes.length) bytes = enlarged(bytes);
  }
}

function enlarged(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(bytes.length * 2);
  larger.set(bytes);
  return larger;
}

function readSome(fs: Fs, descriptor: number, chunk: Uint8Array): number {
  for (;;) {
    try {
      return fs.readSync(descriptor, chunk);
    } catch (error) {
      const code = systemCode(error);
      // Windows reports the end of a pipe as an error. A closed descriptor counts as empty input.
      if (code === 'EOF' || code === 'EBADF') return 0;
      if (code !== 'EAGAIN') throw error;
      pause(2);
    }
  }
}

/** Writes all of the text. Throws `storage` if the reader has closed the pipe or the disk is full. */
export function writeAll(fs: Fs, descriptor: number, text: string): void {
  let rest = new TextEncoder().encode(text);
  while (rest.length > 0) rest = rest.subarray(writeSome(fs, descriptor, rest));
}

function writeSome(fs: Fs, descriptor: number, part: Uint8Array): number {
  try {
    return fs.writeSync(descriptor, part);
  } catch (error) {
    if (systemCode(error) !== 'EAGAIN') throw cannotWrite(descriptor, error);
    pause(2);
    return 0;
  }
}

export function cannotWrite(descriptor: number, error: unknown): HelperError {
  const name = descriptor === 1 ? 'standard output' : 'standard error';
  const code = systemCode(error) ?? 'unknown error';
  return new HelperError('storage', `cannot write to ${name} (${code})`, { cause: error });
}

function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
