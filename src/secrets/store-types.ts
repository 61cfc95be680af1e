import type { Settings } from '../config/settings.ts';

/** The name of the file store in the settings and on the command line. */
export const fileStoreName = 'file';

/** The stores that the program knows. Others have the name of a `docker-credential-NAME` on PATH. */
export const storeNames = ['osxkeychain', 'wincred', 'secretservice', 'pass', fileStoreName];

/** The name of the store in messages. */
export function storeTitle({ store = fileStoreName }: Pick<Settings, 'store'>): string {
  return store === fileStoreName ? 'file store' : store;
}

/** The credential of Docker's protocol, with its field names. */
export interface Credential {
  readonly ServerURL: string;
  readonly Username: string;
  readonly Secret: string;
}

/** The key of a stored secret: a host (`docker login` stored it) or a named identity. */
export interface SecretKey {
  readonly of: 'host' | 'identity';
  readonly name: string;
}

/** Throws if another process has taken over the lock; called right before a change takes effect. */
export type AssertLockHeld = () => void;

export interface SecretStore<Key = SecretKey> {
  /** Returns undefined if the secret does not exist. Throws `damaged` or `storage` if it cannot be read. */
  read(key: Key): Credential | undefined;
  write(key: Key, credential: Credential, assertLockHeld?: AssertLockHeld): void;
  /** Also succeeds if the secret does not exist. */
  erase(key: Key, assertLockHeld?: AssertLockHeld): void;
  /** Returns the names of all secrets, also of damaged ones. */
  names(of: SecretKey['of']): string[];
}
