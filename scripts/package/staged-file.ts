import fs from 'node:fs';
import path from 'node:path';

/** Writes a file of a package below `folder`. Its mode does not depend on the umask. */
export function writeStaged(folder: string, name: string, data: Buffer, mode = 0o644): void {
  const file = path.join(folder, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, data);
  fs.chmodSync(file, mode);
}
