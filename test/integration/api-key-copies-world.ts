import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import type { ApiKey } from '../sandbox/api-keys.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { keysOf } from './api-key-world.ts';
import type { Person } from './identity-cloud.ts';

export function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** Writes a file in the home; returns its path. */
export function write({ home }: Person, name: string, text: string, mode = 0o600): string {
  const file = path.join(home.folder, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
  fs.chmodSync(file, mode);
  return file;
}

export function read(file: string): string {
  return fs.readFileSync(file, 'utf8');
}

/** Returns the only key of the owner of `old`, which is another key. */
export function onlyNewKey(sandbox: Pick<Sandbox, 'accounts'>, old: ApiKey): ApiKey {
  const [key, ...others] = keysOf(sandbox, old.iamId);
  assert.equal(others, []);
  assert.ok(key !== undefined && key.id !== old.id, 'a new key');
  return key as ApiKey;
}
