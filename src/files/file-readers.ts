import type { Context, Files } from '../context.ts';
import { systemCode } from '../errors.ts';
import { dirname, join } from '../fast-path.ts';

let loading: Promise<typeof import('./private-read.ts')> | undefined;

/** Each `import()` takes 40 µs, also of a module that is loaded: `list` reads thousands of files. */
function privateRead(): Promise<typeof import('./private-read.ts')> {
  loading ??= import('./private-read.ts');
  return loading;
}

/** The file reader on `node:fs`, which is loaded when the first file is read. */
export const nodeFiles: Files = {
  read: async (context: Context, file, kind) => {
    const { readPrivate, rulesFor } = await privateRead();
    return readPrivate(context, file, rulesFor[kind]);
  },
  isPresent: async (context, file) => (await privateRead()).isPresent(context, file),
  create: async (context, file, text) =>
    (await import('./private-write.ts')).writeNew(context, file, text),
};

/** The part of Bun that is used. Source: https://bun.com/docs/runtime/file-io. */
export interface Bun {
  readonly stdin: BunFile;
  readonly stdout: BunFile;
  readonly stderr: BunFile;
  /** Returns the value of a settled promise. */
  readonly peek: <Value>(promise: Promise<Value>) => Value | Promise<Value>;
  readonly file: (path: string) => BunFile;
  /** The time since the process started, by a monotonic clock. */
  readonly nanoseconds: () => number;
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
  /** Decodes UTF-8: removes a byte order mark and replaces invalid bytes by U+FFFD. */
  readonly text: () => Promise<string>;
  readonly stat: () => Promise<BunStats>;
}

interface BunStats {
  readonly mode: number;
  readonly size: number;
  readonly uid: number;
  readonly dev: number;
  readonly ino: number;
}

/** Undefined if the path does not exist, and empty if that is not known: the fallback meets the same error. */
type Status = Partial<BunStats> | undefined;

const maxBytes = 1024 * 1024;
/** Mode bits: the file type and the permissions of group and others. */
const typeAndOthers = 0o170077;
const privateFile = 0o100000;
const typeAndOthersWrite = 0o170022;
const directory = 0o040000;
/** The umask for files with mode 0600. */
const onlyOwner = 0o077;
/** Stands for invalid bytes in a decoded text. */
const replacement = '\ufffd';

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
  const known = new Map<string, Promise<Status>>();
  const examine = (path: string): Promise<Status> =>
    bun
      .file(path)
      .stat()
      .catch((error) => {
        // This command may create it.
        known.delete(path);
        return systemCode(error) === 'ENOENT' ? undefined : {};
      });
  /** Returns the status of a directory, which is read once if it exists. */
  const statOf = (path: string): Promise<Status> => {
    let stat = known.get(path);
    if (stat === undefined) {
      stat = examine(path);
      known.set(path, stat);
    }
    return stat;
  };
  const isTrusted = ({ uid: owner, mode = 0 }: Partial<BunStats>, mask: number, type: number) =>
    (owner === uid || owner === 0) && (mode & mask) === type;
  /** Returns the status of a directory, of its parent, and of what `..` in it leads to. */
  const statsOf = (path: string) =>
    Promise.all([statOf(path), statOf(dirname(path)), statOf(join(path, '..'))]);
  /**
   * Returns true if no other user can have created the directory or anything in it. `stat` follows symlinks; comparing
   * `path/..` with the parent directory detects a symlink to another place.
   */
  const isPrivate = ([own, above, back]: readonly Status[]): boolean =>
    own !== undefined &&
    above !== undefined &&
    isTrusted(own, typeAndOthersWrite, directory) &&
    isTrusted(above, typeAndOthersWrite, directory) &&
    above.ino === back?.ino &&
    above.dev === back?.dev;
  /** Results for a missing file, and for a file that is left to the fallback. */
  const absent = { text: undefined };
  const refused = undefined;
  const tryRead = async (path: string) => {
    try {
      const file = bun.file(path);
      const parent = dirname(path);
      const { size } = file;
      // A pipe or device, which is not opened, has an infinite size.
      if (size > maxBytes) return refused;
      const [text, stat, directories] = await Promise.all([
        size === 0 ? '' : file.text(),
        examine(path),
        statsOf(parent),
      ]);
      const hasPrivateParent = isPrivate(directories);
      if (stat === undefined) {
        return hasPrivateParent || directories[0] === undefined ? absent : refused;
      }
      // Only an ASCII text has as many characters as bytes. The sizes also differ if the file is being written.
      const isUsual = hasPrivateParent && size > 0 && stat.size === text.length;
      if (!isUsual || !isTrusted(stat, typeAndOthers, privateFile)) return refused;
      return text.includes(replacement) ? refused : { text };
    } catch {
      // The fallback meets the same error and reports it.
      return refused;
    }
  };
  const begun = new Map<string, ReturnType<typeof tryRead>>();
  return {
    prefetch: (path) => {
      begun.set(path, tryRead(path));
      return bun.file(path).size > 0;
    },
    prefetchDirectory: (path) => {
      void statsOf(path);
    },
    create: async (context, path, text) => {
      // A directory that does not exist is left to the fallback, like one that others can write to.
      if (!isPrivate(await statsOf(dirname(path)))) return fallback.create(context, path, text);
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
      if ((await statOf(parent)) === undefined) return false;
      const isMissing = (await examine(path)) === undefined && isPrivate(await statsOf(parent));
      if (isMissing && !isListed(bun, parent, path)) return false;
      return fallback.isPresent(context, path);
    },
  };
}

/** Returns true for a dangling symlink, which all other calls of Bun's file API report as missing. */
function isListed({ Glob }: Bun, directory: string, path: string): boolean {
  try {
    for (const name of new Glob('*').scanSync({ cwd: directory, onlyFiles: false })) {
      if (join(directory, name) === path) return true;
    }
    return false;
  } catch {
    // The fallback meets the same error and reports it.
    return true;
  }
}
