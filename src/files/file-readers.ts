import type { Context, Files } from '../context.ts';
import { asciiText, dirname, join } from '../fast-path.ts';

/** The file reader on `node:fs`, which is loaded when the first file is read. */
export const nodeFiles: Files = {
  read: async (context: Context, file, kind) => {
    const { readPrivate, rulesFor } = await import('./private-read.ts');
    return readPrivate(context, file, rulesFor[kind]);
  },
  isPresent: async (context, file) => (await import('./private-read.ts')).isPresent(context, file),
  create: async (context, file, text) =>
    (await import('./private-write.ts')).writeNew(context, file, text),
};

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
  /** Whether it is a regular file or a FIFO, known at once like `size`. */
  readonly exists: () => Promise<boolean>;
  readonly slice: (start: number, end: number) => BunFile;
  readonly bytes: () => Promise<Uint8Array>;
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
/** Mode bits: the file type and the permissions of group and others. */
const typeAndOthers = 0o170077;
const privateFile = 0o100000;
const typeAndOthersWrite = 0o170022;
const directory = 0o040000;
/** The umask for files with mode 0600. */
const onlyOwner = 0o077;

/** Reads standard input to its end, at most a little more than 1 MiB. */
export function readBunStdin({ stdin }: Bun): Promise<Uint8Array> {
  return stdin.slice(0, maxBytes + 1).bytes();
}

/**
 * The fast path, which uses Bun's file API instead of loading `node:fs`. Reads only a small ASCII file with mode 0600 or
 * stricter, owned by this user or root, in a directory (not a symlink) with such an owner that other users cannot write to.
 * All other files are left to `fallback`, which reads, warns or throws.
 */
export function bunFiles(bun: Bun, uid: number, fallback: Files): Files {
  const known = new Map<string, Promise<BunStats>>();
  /** Returns the status of a directory, which is read once. */
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
   * Returns true if no other user can have created the directory or anything in it. `stat` follows symlinks; comparing
   * `path/..` with the parent directory detects a symlink to another place. Rejects with the system's error.
   */
  const checkPrivate = async (path: string): Promise<boolean> => {
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
  const checked = new Map<string, Promise<boolean>>();
  const isPrivate = (path: string): Promise<boolean> => {
    const found = checked.get(path) ?? checkPrivate(path);
    checked.set(path, found);
    return found;
  };
  /** Results for a missing file, and for a file that is left to the fallback. */
  const absent = { text: undefined };
  const refused = undefined;
  const tryRead = async (path: string) => {
    try {
      const file = bun.file(path);
      const parent = dirname(path);
      const { size } = file;
      if (size === 0) {
        if (!isAbsent(bun, path)) return refused;
        return isAbsent(bun, parent) || (await isPrivate(parent)) ? absent : refused;
      }
      if (size > maxBytes) return refused;
      const [bytes, stat, hasPrivateParent] = await Promise.all([
        file.bytes(),
        file.stat(),
        isPrivate(parent),
      ]);
      // The sizes differ if the file is being written.
      const isUsual = hasPrivateParent && stat.size === bytes.length;
      if (!isUsual || !isTrusted(stat, typeAndOthers, privateFile)) return refused;
      const text = asciiText(bytes);
      return text === undefined ? refused : { text };
    } catch {
      // The fallback meets the same error and reports it.
      return refused;
    }
  };
  const begun = new Map<string, ReturnType<typeof tryRead>>();
  return {
    prefetch: (path) => {
      if (bun.file(path).size > 0) begun.set(path, tryRead(path));
    },
    prefetchDirectory: (path) => {
      isPrivate(path).catch(() => {});
    },
    create: async (context, path, text) => {
      // A directory that does not exist is left to the fallback, like one that others can write to.
      const isUsual = await isPrivate(dirname(path)).catch(() => false);
      if (!isUsual) return fallback.create(context, path, text);
      const umask = context.umask(onlyOwner);
      // Opens the file at once.
      const writing = bun.write(bun.file(path), text);
      context.umask(umask);
      await writing;
    },
    read: async (context, path, kind) => {
      const reading = begun.get(path) ?? tryRead(path);
      // A later call has to see later changes.
      begun.delete(path);
      const found = await reading;
      return found === refused ? fallback.read(context, path, kind) : found.text;
    },
    isPresent: async (context, path) => {
      const parent = dirname(path);
      try {
        if (isAbsent(bun, parent)) return false;
        const isMissing = isAbsent(bun, path) && (await isPrivate(parent));
        if (isMissing && !isListed(bun, parent, path)) return false;
      } catch {
        // The fallback meets the same error and reports it.
      }
      return fallback.isPresent(context, path);
    },
  };
}

/** Returns true for a dangling symlink, which all other calls of Bun's file API report as missing. Throws the system's error. */
function isListed({ Glob }: Bun, directory: string, path: string): boolean {
  for (const name of new Glob('*').scanSync({ cwd: directory, onlyFiles: false })) {
    if (join(directory, name) === path) return true;
  }
  return false;
}

/**
 * Returns true if the path does not exist. `size` is 0 for both empty and missing files; mmap distinguishes them without
 * starting a thread. The mapping is never read, because reading it after another process has truncated the file would raise
 * SIGBUS.
 */
function isAbsent({ mmap }: Bun, path: string): boolean {
  try {
    mmap(path, { shared: false });
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT';
  }
  return false;
}
