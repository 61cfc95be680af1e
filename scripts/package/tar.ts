/** A file of an archive. Folders are made from the names. */
export interface ArchiveFile {
  /** With `/` between folders. */
  readonly name: string;
  readonly data: Buffer;
  readonly isExecutable?: boolean;
}

const block = 512;

/**
 * A tar in POSIX's ustar format that tells nothing of the machine it was made on: files in the order
 * of their names, owned by root, all of one time (seconds since 1970).
 */
export function tar(files: readonly ArchiveFile[], time: number): Buffer {
  const entries = sortedByName(files).flatMap((file) => [header(file, time), padded(file.data)]);
  return Buffer.concat([...entries, Buffer.alloc(2 * block)]);
}

export function sortedByName(files: readonly ArchiveFile[]): ArchiveFile[] {
  return files.toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

export function modeOf({ isExecutable }: ArchiveFile): number {
  return isExecutable ? 0o755 : 0o644;
}

function header(file: ArchiveFile, time: number): Buffer {
  if (Buffer.byteLength(file.name) > 100) throw new Error(`too long for ustar: ${file.name}`);
  const bytes = Buffer.alloc(block);
  bytes.write(file.name, 0);
  writeOctal(bytes, modeOf(file), 100, 8);
  // The owner's and the group's number: root.
  writeOctal(bytes, 0, 108, 8);
  writeOctal(bytes, 0, 116, 8);
  writeOctal(bytes, file.data.length, 124, 12);
  writeOctal(bytes, time, 136, 12);
  bytes.write('0', 156);
  bytes.write('ustar\u000000', 257);
  bytes.write('root', 265);
  bytes.write('root', 297);
  writeChecksum(bytes);
  return bytes;
}

/** The sum of all bytes of the header, its own eight taken for spaces. */
function writeChecksum(bytes: Buffer): void {
  bytes.fill(' ', 148, 156);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
}

function writeOctal(bytes: Buffer, value: number, offset: number, width: number): void {
  bytes.write(`${value.toString(8).padStart(width - 1, '0')}\0`, offset);
}

function padded(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc((block - (data.length % block)) % block)]);
}
