import crypto from 'node:crypto';

const codeSignature = 0x1d;
const superBlob = 0xfade0cc0;
const codeDirectory = 0xfade0c02;
const sha256 = 2;

/**
 * Returns an error in the signature of a 64-bit Mach-O executable, or undefined. A Mac with ARM kills a program without
 * a signature, or with a signature that does not match. The layout is in Apple's cs_blobs.h.
 */
export function findSignatureFault(data: Buffer): string | undefined {
  const at = findSignature(data);
  if (at === undefined) return 'is not signed';
  if (data.readUInt32BE(at) !== superBlob) return 'has a signature of another kind';
  const directory = findDirectory(data, at);
  return directory === undefined ? 'has no code directory' : checkPages(data, directory);
}

/** Returns the offset of the signature from the load command. */
function findSignature(data: Buffer): number | undefined {
  let at = 32;
  for (let left = data.readUInt32LE(16); left > 0; left--) {
    if (data.readUInt32LE(at) === codeSignature) return data.readUInt32LE(at + 8);
    at += data.readUInt32LE(at + 4);
  }
  return undefined;
}

function findDirectory(data: Buffer, blob: number): number | undefined {
  const count = data.readUInt32BE(blob + 8);
  const places = Array.from(
    { length: count },
    (_, index) => blob + data.readUInt32BE(blob + 16 + index * 8),
  );
  return places.find((place) => data.readUInt32BE(place) === codeDirectory);
}

function checkPages(data: Buffer, directory: number): string | undefined {
  const hashes = directory + data.readUInt32BE(directory + 16);
  const count = data.readUInt32BE(directory + 28);
  const limit = data.readUInt32BE(directory + 32);
  const size = data.readUInt8(directory + 36);
  if (data.readUInt8(directory + 37) !== sha256) return 'is hashed with something old';
  const page = 2 ** data.readUInt8(directory + 39);
  if (count !== Math.ceil(limit / page)) return `has ${count} hashes for ${limit} bytes`;
  for (let index = 0; index < count; index++) {
    const bytes = data.subarray(index * page, Math.min((index + 1) * page, limit));
    const hash = crypto.createHash('sha256').update(bytes).digest().subarray(0, size);
    const signed = data.subarray(hashes + index * size, hashes + (index + 1) * size);
    if (!hash.equals(signed)) return `was changed on page ${index} after it was signed`;
  }
  return undefined;
}
