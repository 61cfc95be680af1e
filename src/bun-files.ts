import type { QuickFiles } from './protocol/quick-reply.ts';

/** As much of Bun as is used. Source: https://bun.com/docs/runtime/file-io, https://bun.com/reference/bun/mmap. */
export interface Bun {
  readonly stdin: BunFile;
  readonly stdout: BunFile;
  readonly file: (path: string) => BunFile;
  readonly mmap: (path: string, options: { readonly shared: boolean }) => Uint8Array;
  readonly write: (file: BunFile, text: string) => Promise<number>;
}

interface BunFile {
  /** Bytes, without waiting; 0 where there is none, infinite for a pipe or device. */
  readonly size: number;
  readonly slice: (start: number, end: number) => BunFile;
  readonly bytes: () => Promise<Uint8Array>;
  readonly stream: () => ReadableStream<Uint8Array>;
  readonly stat: () => Promise<{ readonly mode: number; readonly size: number }>;
}

/** Bytes, of input and of a file. */
const largest = 1024 * 1024;
/** Of a mode: what it is, and what others may do with it. */
const kindAndOthers = 0o170077;
const plainFile = 0o100000;

/** Standard input, to its end or past 1 MiB. */
export async function readStdin({ stdin }: Bun): Promise<Uint8Array> {
  // Of a file, its stream would give also what somebody has read already.
  if (stdin.size !== Number.POSITIVE_INFINITY) return stdin.slice(0, largest + 1).bytes();
  const reader = stdin.stream().getReader();
  let input: Uint8Array = new Uint8Array();
  while (input.length <= largest) {
    const { value, done } = await reader.read();
    if (done) break;
    input = input.length === 0 ? value : Uint8Array.from([...input, ...value]);
  }
  return input;
}

export function bunFiles(bun: Bun): QuickFiles {
  return {
    read: async (path) => {
      const file = bun.file(path);
      if (file.size === 0) return nothingAt(path, bun);
      // Of a pipe, infinite.
      if (file.size > largest) throw new Error('it is not small');
      const [bytes, { mode, size }] = await Promise.all([file.bytes(), file.stat()]);
      if ((mode & kindAndOthers) !== plainFile) throw new Error('it is not private');
      if (size !== bytes.length) throw new Error('it is being written');
      return ascii(bytes);
    },
  };
}

/**
 * `undefined` where there is no file. Its size does not tell; to map it does, at once, where all else would wait. Only
 * what has no bytes is mapped: who reads a map that somebody shortens is ended by a signal.
 */
function nothingAt(path: string, { mmap }: Bun): undefined {
  try {
    mmap(path, { shared: false });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  throw new Error('it is empty');
}

function ascii(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte > 0x7f) throw new Error('it is not ASCII');
    text += String.fromCharCode(byte);
  }
  return text;
}
