import fs from 'node:fs';
import path from 'node:path';
import { type ArchiveFile, gzip } from './archive.ts';
import { writeStaged } from './staged-file.ts';
import { program } from './targets.ts';

/** Paths that differ between system packages, and additional files. */
interface Places {
  /** Undefined if the system already contains the text of the license. */
  readonly license?: string;
  readonly zsh: string;
  /** Additional files, with paths relative to the root of the system. */
  readonly others: readonly ArchiveFile[];
}

/**
 * Writes the executable and its documents below `folder` in the directory layout of Linux, all with one modification
 * time (seconds since 1970). Returns the size in KiB.
 */
export function writeTree(
  folder: string,
  executable: string,
  documents: readonly ArchiveFile[],
  places: Places,
  time: number,
): number {
  const doc = `usr/share/doc/${program}`;
  const moves: readonly (readonly [from: string, to: string])[] = [
    ...(places.license === undefined ? [] : [['LICENSE', places.license] as const]),
    ['THIRD-PARTY-NOTICES.md', `${doc}/THIRD-PARTY-NOTICES.md`],
    [`man/man1/${program}.1`, `usr/share/man/man1/${program}.1.gz`],
    [`completions/bash/${program}`, `usr/share/bash-completion/completions/${program}`],
    [`completions/zsh/_${program}`, `${places.zsh}/_${program}`],
    [`completions/fish/${program}.fish`, `usr/share/fish/vendor_completions.d/${program}.fish`],
  ];
  fs.rmSync(folder, { recursive: true, force: true });
  writeStaged(folder, `usr/bin/${program}`, fs.readFileSync(executable), 0o755);
  for (const [from, to] of moves) {
    const data = documents.find(({ name }) => name === from)?.data;
    if (data === undefined) throw new Error(`there is no ${from}`);
    writeStaged(folder, to, to.endsWith('.gz') ? gzip(data) : data);
  }
  for (const { name, data } of places.others) writeStaged(folder, name, data);
  return normalizeMetadata(folder, time);
}

/** Sets the modification time of all files and the mode of directories. Returns the size in KiB. */
export function normalizeMetadata(folder: string, time: number): number {
  let bytes = 0;
  const names = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' });
  for (const file of [folder, ...names.map((name) => path.join(folder, name))]) {
    const stat = fs.statSync(file);
    if (stat.isDirectory()) fs.chmodSync(file, 0o755);
    else bytes += stat.size;
    fs.utimesSync(file, time, time);
  }
  return Math.ceil(bytes / 1024);
}
