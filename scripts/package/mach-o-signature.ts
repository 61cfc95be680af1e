import crypto from 'node:crypto';
import { program } from './targets.ts';

const segment = 0x19;
const codeSignature = 0x1d;
const pageBits = 12;
const headerSize = 88;
const identifier = Buffer.from(`${program}\0`);

/**
 * Replaces the signature of a 64-bit Mach-O executable with an ad-hoc signature, as a linker writes it: a hash of each
 * page, without an identity. Bun 1.4 signs its builds for Macs with ARM; in those for Macs with Intel it leaves the
 * signature of Bun itself, whose hashes do not match, so that macOS may kill the program. The layout is in Apple's
 * cs_blobs.h. Throws if the executable lacks space for a signature.
 */
export function signMachO(executable: Buffer): Buffer {
  const commands = loadCommands(executable);
  const signature = commands.find(({ kind }) => kind === codeSignature);
  const text = findSegment(executable, commands, '__TEXT');
  const linkEdit = findSegment(executable, commands, '__LINKEDIT');
  if (signature === undefined) throw new Error('the executable has no code signature command');
  const limit = executable.readUInt32LE(signature.at + 8);
  const pages = Math.ceil(limit / 2 ** pageBits);
  const size = 20 + headerSize + identifier.length + pages * 32;
  const signed = Buffer.concat([executable.subarray(0, limit), Buffer.alloc(size)]);
  // These fields are in the first page, so they must be written before its hash is calculated.
  signed.writeUInt32LE(size, signature.at + 12);
  const length = BigInt(signed.length) - signed.readBigUInt64LE(linkEdit + 40);
  signed.writeBigUInt64LE(length, linkEdit + 48);
  signed.writeBigUInt64LE(((length + 0xfffn) / 0x1000n) * 0x1000n, linkEdit + 32);
  writeBlob(signed, limit, size, { pages, text: signed.readBigUInt64LE(text + 48) });
  return signed;
}

interface LoadCommand {
  readonly kind: number;
  /** The offset in the file. */
  readonly at: number;
}

function loadCommands(data: Buffer): LoadCommand[] {
  const commands: LoadCommand[] = [];
  let at = 32;
  for (let left = data.readUInt32LE(16); left > 0; left--) {
    commands.push({ kind: data.readUInt32LE(at), at });
    at += data.readUInt32LE(at + 4);
  }
  return commands;
}

function findSegment(data: Buffer, commands: readonly LoadCommand[], name: string): number {
  const padded = name.padEnd(16, '\0');
  const found = commands.find(
    ({ kind, at }) => kind === segment && data.toString('latin1', at + 8, at + 24) === padded,
  );
  if (found === undefined) throw new Error(`the executable has no segment ${name}`);
  return found.at;
}

/** Writes the "super blob" with one code directory at `limit`. The bytes there must be zero. */
function writeBlob(
  data: Buffer,
  limit: number,
  size: number,
  { pages, text }: { readonly pages: number; readonly text: bigint },
): void {
  const [adHoc, linkerSigned, mainBinary] = [0x2, 0x20000, 1n];
  writeNumbers(data, limit, [0xfade0cc0, size, 1, 0, 20]);
  const directory = limit + 20;
  const hashes = headerSize + identifier.length;
  writeNumbers(data, directory, [0xfade0c02, size - 20, 0x20400, adHoc | linkerSigned]);
  writeNumbers(data, directory + 16, [hashes, headerSize, 0, pages, limit]);
  // The size and type of a hash (SHA-256), no platform, the size of a page.
  data.set([32, 2, 0, pageBits], directory + 36);
  data.writeBigUInt64BE(text, directory + 72);
  data.writeBigUInt64BE(mainBinary, directory + 80);
  identifier.copy(data, directory + headerSize);
  for (let page = 0; page < pages; page++) {
    const from = page * 2 ** pageBits;
    const bytes = data.subarray(from, Math.min(from + 2 ** pageBits, limit));
    const hash = crypto.createHash('sha256').update(bytes).digest();
    hash.copy(data, directory + hashes + page * 32);
  }
}

function writeNumbers(data: Buffer, at: number, values: readonly number[]): void {
  for (const [index, value] of values.entries()) data.writeUInt32BE(value, at + index * 4);
}
