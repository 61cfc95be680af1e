import { createHash, randomBytes } from 'node:crypto';

// Not in pending-key.ts: loading node:crypto takes a tenth of the time of `status`.

/** Returns the SHA-256 of an API key. The key cannot be guessed from it: it is random, with more than 128 bits. */
export function hashOf(apiKey: string): string {
  return createHash('sha256').update(apiKey).digest('base64url');
}

/** Returns a random value in the format of IAM's API keys: 44 characters of `[A-Za-z0-9_-]`. */
export function newApiKeyValue(): string {
  return randomBytes(33).toString('base64url');
}
