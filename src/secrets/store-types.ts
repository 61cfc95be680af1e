import type { Settings } from '../config/settings.ts';

/** What the file store is called in the settings and where its name is typed. */
export const fileStoreName = 'file';

/** What people are shown. */
export function storeTitle({ store = fileStoreName }: Pick<Settings, 'store'>): string {
  return store === fileStoreName ? 'file store' : store;
}

/** What the protocol hands over: the wire type, with the wire's capitals. */
export interface Credential {
  readonly ServerURL: string;
  readonly Username: string;
  readonly Secret: string;
}

/** A secret is kept for a host (`docker login` put it there) or for a named identity. */
export interface SecretKey {
  readonly of: 'host' | 'identity';
  readonly name: string;
}

/** Throws if another process has taken over the lock; called right before a change takes effect. */
export type RequireOurs = () => void;

/** A place where secrets rest. */
export interface SecretStore<Key = SecretKey> {
  /** `undefined` where nothing is kept; throws `damaged` or `storage` where something is, unreadable. */
  read(key: Key): Credential | undefined;
  write(key: Key, credential: Credential, requireOurs?: RequireOurs): void;
  /** Nothing to erase is fine. */
  erase(key: Key, requireOurs?: RequireOurs): void;
  /** The names under which something is kept, readable or not. */
  names(of: SecretKey['of']): string[];
}
