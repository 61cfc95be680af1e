import fs from 'node:fs';

/**
 * Returns the time of the file system that contains `file`, in milliseconds since 1970: the clock of a file server can differ
 * from the local one, and a file that another process is writing would then seem to be old. Creates a file beside `file` and
 * removes it at once. Throws the system's error.
 */
export function timeBeside(file: string): number {
  const probe = `${file}-${Math.random().toString(36).slice(2)}`;
  const descriptor = fs.openSync(probe, 'wx', 0o600);
  try {
    return fs.fstatSync(descriptor).mtimeMs;
  } finally {
    fs.closeSync(descriptor);
    fs.unlinkSync(probe);
  }
}
