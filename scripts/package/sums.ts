import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

export const sumsName = 'SHA256SUMS';

/** Returns the SHA-256 of a file in hexadecimal. */
export function sha256(file: string): string {
  return crypto.createHash('sha256').update(fs.readFileSync(file)).digest('hex');
}

/** Writes `SHA256SUMS` for files in `folder`, in the format of `sha256sum --check`. */
export function writeSums(folder: string, names: readonly string[]): void {
  const lines = names.toSorted().map((name) => `${sha256(path.join(folder, name))}  ${name}\n`);
  fs.writeFileSync(path.join(folder, sumsName), lines.join(''));
}
