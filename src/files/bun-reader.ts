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
  const directories = new Map<string, Promise<boolean>>();
  const isOurs = (path: string): Promise<boolean> => {
    const known = directories.get(path) ?? isPrivateDirectory(bun, uid, path).catch(() => false);
    directories.set(path, known);
    return known;
  };
  return {
    read: async (context, file, kind) => {
      try {
        const text = await readUsual(bun, uid, file, isOurs);
        if (text !== unusual) return text;
      } catch {
        // The fallback meets the same error and reports it.
      }
      return fallback.read(context, file, kind);
    },
  };
}

const unusual = Symbol('unusual');

async function readUsual(
  bun: Bun,
  uid: number,
  path: string,
  isOurs: (directory: string) => Promise<boolean>,
): Promise<string | undefined | typeof unusual> {
  const file = bun.file(path);
  const parent = dirname(path);
  if (file.size === 0) {
    if (!isAbsent(bun, path)) return unusual;
    return isAbsent(bun, parent) || (await isOurs(parent)) ? undefined : unusual;
  }
  if (file.size > maxBytes) return unusual;
  const [bytes, stat, ours] = await Promise.all([file.bytes(), file.stat(), isOurs(parent)]);
  const isUsual =
    ours &&
    (stat.mode & typeAndOthers) === privateFile &&
    isTrusted(stat, uid) &&
    // It is being written if they differ.
    stat.size === bytes.length;
  return isUsual ? (asciiText(bytes) ?? unusual) : unusual;
}

function isTrusted({ uid: owner }: BunStats, uid: number): boolean {
  return owner === uid || owner === 0;
}

/**
 * Whether no other user can have put it, or anything in it, there. `stat` follows symlinks: that `path/..` is the
 * directory above rules out a symlink to another place.
 */
async function isPrivateDirectory(bun: Bun, uid: number, path: string): Promise<boolean> {
  const [own, above, back] = await Promise.all([
    bun.file(path).stat(),
    bun.file(dirname(path)).stat(),
    bun.file(join(path, '..')).stat(),
  ]);
  return (
    isTrustedDirectory(own, uid) &&
    isTrustedDirectory(above, uid) &&
    above.ino === back.ino &&
    above.dev === back.dev
  );
}

function isTrustedDirectory(stat: BunStats, uid: number): boolean {
  return isTrusted(stat, uid) && (stat.mode & typeAndOthersWrite) === directory;
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
