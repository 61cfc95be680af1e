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
  readonly stat: () => Promise<{ readonly mode: number }>;
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

/**
 * To map is to read without waiting: to wait for a thread costs a `get` a thirtieth of its time. Bun opens what it
 * maps for writing as well, and nothing is written: where that is not allowed, node:fs reads it.
 */
export function bunFiles(bun: Bun): QuickFiles {
  return {
    read: (path) => {
      // A pipe, infinite, would have to be waited for.
      if (bun.file(path).size > largest) throw new Error('it is not small');
      try {
        return ascii(bun.mmap(path, { shared: false }));
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
        throw error;
      }
    },
    isPrivate: async (path) => {
      try {
        const { mode } = await bun.file(path).stat();
        return (mode & kindAndOthers) === plainFile;
      } catch {
        return false;
      }
    },
  };
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
