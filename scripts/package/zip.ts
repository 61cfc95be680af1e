import zlib from 'node:zlib';
import { type ArchiveFile, modeOf, sortedByName } from './tar.ts';

/** 2.0: what deflate needs, in the format's own count. */
const needed = 20;
/** "Made by": a system that has Unix modes, version 2.0. */
const madeBy = (3 << 8) | needed;
const deflated = 8;

/** A zip that tells nothing of the machine it was made on: as `tar` does. */
export function zip(files: readonly ArchiveFile[], time: number): Buffer {
  const entries: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const file of sortedByName(files)) {
    const data = zlib.deflateRawSync(file.data, { level: 9 });
    const name = Buffer.from(file.name);
    const common = commonFields(file, data, dosTime(time), name);
    const entry = Buffer.concat([numbers([0x04034b50, 4]), common, name, data]);
    directory.push(directoryEntry(common, file, offset), name);
    entries.push(entry);
    offset += entry.length;
  }
  const index = Buffer.concat(directory);
  return Buffer.concat([...entries, index, endOfDirectory(files.length, index.length, offset)]);
}

type NumberOfWidth = readonly [value: number, bytes: 2 | 4];

/** From "version needed" to "extra field length": the same in both headers. */
function commonFields(file: ArchiveFile, data: Buffer, time: number, name: Buffer): Buffer {
  return numbers(
    [needed, 2],
    [0, 2],
    [deflated, 2],
    [time, 4],
    [zlib.crc32(file.data), 4],
    [data.length, 4],
    [file.data.length, 4],
    [name.length, 2],
    [0, 2],
  );
}

function directoryEntry(common: Buffer, file: ArchiveFile, offset: number): Buffer {
  const regularFile = 0o100000;
  return Buffer.concat([
    numbers([0x02014b50, 4], [madeBy, 2]),
    common,
    // No comment, the first disk, no flags of its own.
    numbers([0, 2], [0, 2], [0, 2]),
    numbers([(regularFile | modeOf(file)) * 0x10000, 4], [offset, 4]),
  ]);
}

function endOfDirectory(count: number, length: number, offset: number): Buffer {
  return numbers(
    [0x06054b50, 4],
    [0, 2],
    [0, 2],
    [count, 2],
    [count, 2],
    [length, 4],
    [offset, 4],
    [0, 2],
  );
}

/** Little-endian, one after the other. */
function numbers(...fields: readonly NumberOfWidth[]): Buffer {
  return Buffer.concat(
    fields.map(([value, width]) => {
      const bytes = Buffer.alloc(width);
      bytes.writeUIntLE(value, 0, width);
      return bytes;
    }),
  );
}

/** MS-DOS's date and time in UTC, two seconds apart, not before 1980. */
function dosTime(seconds: number): number {
  const at = new Date(Math.max(seconds, 315_532_800) * 1000);
  const date =
    ((at.getUTCFullYear() - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate();
  const time = (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1);
  return date * 0x10000 + time;
}
