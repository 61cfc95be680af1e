import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import { requireDirectory } from './own-directories.ts';
import { cannot } from './storage-error.ts';
import { temporaryName } from './temporary-files.ts';

const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW = 0 } = fs.constants;

/**
 * Returns a descriptor from which a child process reads the text, complete at its first read. It is that of a file of mode
 * 0600 in `directory` that loses its name before it gets the text, so that no other process can open it. Throws `storage`.
 */
export function unnamedFile(context: Context, directory: string, text: string): number {
  const { path: folder } = requireDirectory(context, directory);
  const file = path.join(folder, temporaryName(context, 'input'));
  let descriptor: number | undefined;
  try {
    descriptor = fs.openSync(file, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    fs.unlinkSync(file);
    const bytes = Buffer.from(text);
    // With a position, the offset stays at the beginning, where the child process reads.
    for (let written = 0; written < bytes.length; ) {
      written += fs.writeSync(descriptor, bytes, written, bytes.length - written, written);
    }
    return descriptor;
  } catch (error) {
    if (descriptor !== undefined) fs.closeSync(descriptor);
    throw cannot('write', file, error);
  }
}
