import fs from 'node:fs';
import path from 'node:path';

/** The helper's file store, which may contain secrets. */
const allowed = path.join('.config', 'docker-credential-icr');

// Matches base64 in a JSON string, but not its other words.
const base64 = /[A-Za-z0-9+/_-]{16,}={0,2}/g;

function holdsSecret(text: string, secrets: readonly string[]): boolean {
  const decoded = (text.match(base64) ?? []).map((word) => Buffer.from(word, 'base64').toString());
  return [text, ...decoded].some((part) => secrets.some((secret) => part.includes(secret)));
}

/**
 * Returns the files in a home directory that contain a secret, as plain text or in base64, as in `auths`. Images and
 * sockets are not read.
 */
export function findSecrets(home: string, secrets: readonly string[]): readonly string[] {
  return fs
    .readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(home, path.join(entry.parentPath, entry.name)))
    .filter((name) => !name.startsWith(allowed) && !name.startsWith('images'))
    .filter((name) => holdsSecret(fs.readFileSync(path.join(home, name), 'utf8'), secrets));
}
