import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

export const sumsName = 'SHA256SUMS';

/** SHA-256 in hexadecimal. */
export function sha256(file: string): string {
  return crypto.createHash('sha256').update(fs.readFileSync(file)).digest('hex');
}

/** Writes `SHA256SUMS` of these files of `folder`, as `sha256sum --check` reads it. */
export function writeSums(folder: string, names: readonly string[]): void {
  const lines = names.toSorted().map((name) => `${sha256(path.join(folder, name))}  ${name}\n`);
  fs.writeFileSync(path.join(folder, sumsName), lines.join(''));
}
