import fs from 'node:fs';

const { O_WRONLY, O_NOFOLLOW = 0 } = fs.constants;

/**
 * Overwrites a file that cannot be replaced because it is a mount point, as in a container with a single mounted file.
 * A reader may see a part of the new text, and a crash may leave one: the caller keeps a copy until the end. If it fails,
 * the old text is written back. Throws the system's error.
 */
export function writeInPlace(file: string, before: string, after: string): void {
  const descriptor = fs.openSync(file, O_WRONLY | O_NOFOLLOW);
  try {
    try {
      overwrite(descriptor, after);
    } catch (error) {
      overwrite(descriptor, before);
      throw error;
    }
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Shortens the file last, so that it is never empty. */
function overwrite(descriptor: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length; ) {
    written += fs.writeSync(descriptor, bytes, written, bytes.length - written, written);
  }
  fs.ftruncateSync(descriptor, bytes.length);
  fs.fsyncSync(descriptor);
}
