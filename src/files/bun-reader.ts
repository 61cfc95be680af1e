import { asciiText } from '../ascii.ts';
import type { Files } from '../context.ts';
import { dirname, join } from '../paths.ts';

/** The part of Bun that is used. Source: https://bun.com/docs/runtime/file-io, https://bun.com/reference/bun/mmap. */
export interface Bun {
  readonly stdin: BunFile;
  readonly stdout: BunFile;
  readonly file: (path: string) => BunFile;
  readonly mmap: (path: string, options: { readonly shared: boolean }) => Uint8Array;
  readonly write: (file: BunFile, text: string) => Promise<number>;
  readonly Glob: new (
    pattern: string,
  ) => {
    readonly scanSync: (options: {
      readonly cwd: string;
      readonly onlyFiles: boolean;
    }) => Iterable<string>;
  };
}

interface BunFile {
  /** In bytes, known at once: 0 if the file is empty or does not exist, infinite for a pipe or device. */
  readonly size: number;
  readonly slice: (start: number, end: number) => BunFile;
  readonly bytes: () => Promise<Uint8Array>;
  readonly stream: () => ReadableStream<Uint8Array>;
  readonly stat: () => Promise<BunStats>;
}

interface BunStats {
  readonly mode: number;
  readonly size: number;
  readonly uid: number;
  readonly dev: number;
  readonly ino: number;
}

const maxBytes = 1024 * 1024;
/** The bits of a mode for the file type, and for the rights of group and others. */
const typeAndOthers = 0o170077;
const privateFile = 0o100000;
const typeAndOthersWrite = 0o170022;
const directory = 0o040000;

/** Standard input to its end, or a little more than 1 MiB of it. */
export async function readBunStdin({ stdin }: Bun): Promise<Uint8Array> {
  // The stream of a regular file would begin at its start, also if the caller has read a part of it.
  if (stdin.size !== Number.POSITIVE_INFINITY) return stdin.slice(0, maxBytes + 1).bytes();
  const reader = stdin.stream().getReader();
  let input: Uint8Array = new Uint8Array();
  while (input.length <= maxBytes) {
    const { value, done } = await reader.read();
    if (done) break;
    input = input.length === 0 ? value : Uint8Array.from([...input, ...value]);
  }
  return input;
}

/**
 * The fast path: Bun's file API, without loading `node:fs`. It accepts a small ASCII file with mode 0600 or less, owned
 * by this user or root, in a real directory that is owned likewise and that no one else can write to. Every other file
 * is left to `fallback`, which reads, warns or throws.
 */
export function bunFiles(bun: Bun, uid: number, fallback: Files): Files {
  const known = new Map<string, Promise<BunStats>>();
  /** Of a directory, once. */
  const statOf = (path: string): Promise<BunStats> => {
    let stat = known.get(path);
    if (stat === undefined) {
      stat = bun.file(path).stat();
      known.set(path, stat);
    }
    return stat;
  };
  const isTrusted = ({ uid: owner, mode }: BunStats, mask: number, type: number) =>
    (owner === uid || owner === 0) && (mode & mask) === type;
  /**
   * Whether no other user can have put the directory, or anything in it, there. `stat` follows symlinks: that `path/..` is
   * the directory above rules out a symlink to another place. Rejects if it cannot be known.
   */
  const isOurs = async (path: string): Promise<boolean> => {
    const [own, above, back] = await Promise.all([
      statOf(path),
      statOf(dirname(path)),
      bun.file(join(path, '..')).stat(),
    ]);
    return (
      isTrusted(own, typeAndOthersWrite, directory) &&
      isTrusted(above, typeAndOthersWrite, directory) &&
      above.ino === back.ino &&
      above.dev === back.dev
    );
  };
  return {
    read: async (context, path, kind) => {
      try {
        const file = bun.file(path);
        const parent = dirname(path);
        const { size } = file;
        if (size === 0 && isAbsent(bun, path)) {
          if (isAbsent(bun, parent) || (await isOurs(parent))) return undefined;
        } else if (size > 0 && size <= maxBytes) {
          const [bytes, stat, ours] = await Promise.all([
            file.bytes(),
            file.stat(),
            isOurs(parent),
          ]);
          // The sizes differ if it is being written.
          const isUsual = ours && stat.size === bytes.length;
          if (isUsual && isTrusted(stat, typeAndOthers, privateFile)) {
            const text = asciiText(bytes);
            if (text !== undefined) return text;
          }
        }
      } catch {
        // The fallback meets the same error and reports it.
      }
      return fallback.read(context, path, kind);
    },
    isPresent: async (context, path) => {
      const parent = dirname(path);
      try {
        if (isAbsent(bun, parent)) return false;
        const isMissing = isAbsent(bun, path) && (await isOurs(parent));
        if (isMissing && !isListed(bun, parent, path)) return false;
      } catch {
        // The fallback meets the same error and reports it.
      }
      return fallback.isPresent(context, path);
    },
  };
}

/** Finds a dangling symlink, which every other call of Bun's file API takes for a missing file. Throws the system's error. */
function isListed({ Glob }: Bun, directory: string, path: string): boolean {
  for (const name of new Glob('*').scanSync({ cwd: directory, onlyFiles: false })) {
    if (join(directory, name) === path) return true;
  }
  return false;
}

/**
 * `size` is 0 for both empty and missing files; mmap tells them apart without a thread. Only a file without bytes is
 * mapped: a process that reads a mapping which another one shortens is ended by SIGBUS.
 */
function isAbsent({ mmap }: Bun, path: string): boolean {
  try {
    mmap(path, { shared: false });
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT';
  }
  return false;
}
