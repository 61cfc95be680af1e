import fs from 'node:fs';
import path from 'node:path';

const created = new Map<string, Promise<unknown>>();

/**
 * Returns the keys and certificates that `create` returns. They are created once for each name: an RSA key takes longer
 * than most tests. If `TEST_SHARED` is a directory, as in `make test`, all processes share them through its files.
 */
export function sharedKeys<Value>(name: string, create: () => Promise<Value>): Promise<Value> {
  const found = created.get(name);
  if (found !== undefined) return found as Promise<Value>;
  const { TEST_SHARED: folder } = process.env;
  const keys = folder ? stored(path.join(folder, `${name}.json`), create) : create();
  created.set(name, keys);
  return keys;
}

async function stored<Value>(file: string, create: () => Promise<Value>): Promise<Value> {
  if (fs.existsSync(file)) return JSON.parse(fs.readFileSync(file, 'utf8'));
  const value = await create();
  // Another process may read the file, or write it as well.
  fs.writeFileSync(`${file}.${process.pid}`, JSON.stringify(value), { mode: 0o600 });
  fs.renameSync(`${file}.${process.pid}`, file);
  return value;
}
