import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { type Zippable, zipSync } from 'fflate';
import { packTar } from 'modern-tar';

/** A file in an archive. Directories are created from the names. */
export interface ArchiveFile {
  /** With `/` between directories. */
  readonly name: string;
  readonly data: Buffer;
  readonly isExecutable?: boolean;
}

/**
 * Writes an executable and its documents to `file`, a `.zip` or a `.tar.gz`. They are in one directory with the name of
 * the archive. `time` is in seconds since 1970.
 */
export async function writeArchive(
  file: string,
  executable: string,
  documents: readonly ArchiveFile[],
  time: number,
): Promise<void> {
  const top = path.basename(file).replace(/\.(zip|tar\.gz)$/, '');
  const data = fs.readFileSync(executable);
  const own = { name: path.basename(executable), data, isExecutable: true };
  const files = [own, ...documents].map((each) => ({ ...each, name: `${top}/${each.name}` }));
  fs.writeFileSync(file, file.endsWith('.zip') ? zip(files, time) : gzip(await tar(files, time)));
}

/**
 * Returns a reproducible tar: files are sorted by name, owned by root, and have the same modification time (seconds
 * since 1970).
 */
export async function tar(files: readonly ArchiveFile[], time: number): Promise<Buffer> {
  const mtime = new Date(time * 1000);
  const owner = { uid: 0, gid: 0, uname: 'root', gname: 'root' };
  const entries = sortedByName(files).map((file) => ({
    header: { name: file.name, size: file.data.length, mode: modeOf(file), mtime, ...owner },
    body: file.data,
  }));
  return Buffer.from(await packTar(entries));
}

/** Returns a reproducible zip, with the same rules as `tar`. */
export function zip(files: readonly ArchiveFile[], time: number): Buffer {
  // A zip's date lacks a time zone and starts in 1980. fflate writes the local time; noon gives the same bytes in every
  // time zone. The exact time is in the extended timestamp, which is in UTC.
  const at = new Date(Math.max(time, 315_532_800) * 1000);
  const mtime = new Date(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate(), 12);
  const extra = { 21589: extendedTimestamp(time) };
  const unix = 3;
  const regularFile = 0o100000;
  const entries: Zippable = {};
  for (const file of sortedByName(files)) {
    const attrs = (regularFile | modeOf(file)) << 16;
    entries[file.name] = [file.data, { level: 9, mtime, extra, os: unix, attrs }];
  }
  return Buffer.from(zipSync(entries));
}

/** Compresses data. zlib's header contains neither a time nor a name, so the result is reproducible. */
export function gzip(data: Buffer): Buffer {
  return zlib.gzipSync(data, { level: 9 });
}

/** Returns the content of Info-ZIP's field "UT" with the modification time only. */
function extendedTimestamp(time: number): Uint8Array {
  const field = Buffer.from([1, 0, 0, 0, 0]);
  field.writeUInt32LE(time, 1);
  return field;
}

function sortedByName(files: readonly ArchiveFile[]): ArchiveFile[] {
  return files.toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

function modeOf({ isExecutable }: ArchiveFile): number {
  return isExecutable ? 0o755 : 0o644;
}
