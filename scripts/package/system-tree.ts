import fs from 'node:fs';
import path from 'node:path';
import { type ArchiveFile, gzip } from './archive.ts';
import { writeStaged } from './staged-file.ts';
import { program } from './targets.ts';

/** Where a system's packages keep what an archive has elsewhere, and what only they have. */
export interface Places {
  /** Not where the system has the licence's text already. */
  readonly license?: string;
  readonly zsh: string;
  /** With their paths from the root of the system. */
  readonly others: readonly ArchiveFile[];
}

/**
 * Lays the executable and its documents out below `folder` as a Linux system has them, all of one time
 * (seconds since 1970). Returns the size in KiB.
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
  return settle(folder, time);
}

/** Gives everything one time, and folders one mode. */
export function settle(folder: string, time: number): number {
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
