import fs from 'node:fs';
import path from 'node:path';

/** The helper's own store, the one place where secrets belong. */
const allowed = path.join('.config', 'docker-credential-icr');

// Long enough for any secret, short enough to see the words inside a JSON string.
const base64 = /[A-Za-z0-9+/_-]{16,}={0,2}/g;

function holdsSecret(text: string, secrets: readonly string[]): boolean {
  const decoded = (text.match(base64) ?? []).map((word) => Buffer.from(word, 'base64').toString());
  return [text, ...decoded].some((part) => secrets.some((secret) => part.includes(secret)));
}

/**
 * The files under a home in which a client kept a secret, plain or in base64 as `auths` has it.
 * Images and sockets are not read: no secret was ever put there.
 */
export function findSecrets(home: string, secrets: readonly string[]): readonly string[] {
  return fs
    .readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(home, path.join(entry.parentPath, entry.name)))
    .filter((name) => !name.startsWith(allowed) && !name.startsWith('images'))
    .filter((name) => holdsSecret(fs.readFileSync(path.join(home, name), 'utf8'), secrets));
}
