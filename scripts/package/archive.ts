import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import type { Stamp } from './stamp.ts';
import { type ArchiveFile, tar } from './tar.ts';
import { archiveName, executableName, type Target } from './targets.ts';
import { zip } from './zip.ts';

/** Writes the archive of `target` into `folder`; returns its name. Nothing is outside its one folder. */
export function writeArchive(
  target: Target,
  executable: string,
  documents: readonly ArchiveFile[],
  { version, epoch }: Stamp,
  folder: string,
): string {
  const name = archiveName(target, version);
  const top = name.replace(/\.(zip|tar\.gz)$/, '');
  const data = fs.readFileSync(executable);
  const files = [{ name: executableName(target), data, isExecutable: true }, ...documents].map(
    (file) => ({ ...file, name: `${top}/${file.name}` }),
  );
  const bytes = target.os === 'windows' ? zip(files, epoch) : gzip(tar(files, epoch));
  fs.writeFileSync(path.join(folder, name), bytes);
  return name;
}

/** zlib writes no time and no name into the header. */
export function gzip(data: Buffer): Buffer {
  return zlib.gzipSync(data, { level: 9 });
}
