import type { Settings } from '../config/settings.ts';
import { HelperError } from '../errors.ts';
import { shellQuoted } from '../visible.ts';
import { type SecretKey, type SecretStore, storeTitle } from './store-types.ts';

/** A store and its name in the settings. */
export interface NamedStore {
  readonly name: string;
  readonly store: SecretStore;
}

/**
 * Throws `storage` if the store does not list the secret of an identity that needs one: a keychain that is not available
 * can return an empty list without an error.
 */
export function requireEveryIdentity(
  { identities }: Pick<Settings, 'identities'>,
  { name: storeName, store }: NamedStore,
): void {
  const storedNames = store.names('identity');
  for (const name of Object.keys(identities)) {
    // The kind of an identity from a newer version is unknown; it may not need a secret.
    if (identities[name]?.kind === undefined) continue;
    if (!needsSecret(identities, { of: 'identity', name }) || storedNames.includes(name)) continue;
    const alternative = `, or run docker-credential-icr logout --identity ${shellQuoted(name)}`;
    throw missingSecret(storeName, name, alternative);
  }
}

/** Returns true for the secret of an identity in the settings that needs one. Clients cannot erase such a secret. */
export function needsSecret(identities: Settings['identities'], { of, name }: SecretKey): boolean {
  if (of !== 'identity' || !Object.hasOwn(identities, name)) return false;
  return identities[name]?.kind !== 'trusted-profile';
}

export function missingSecret(storeName: string, name: string, alternative = ''): HelperError {
  const title = storeTitle({ store: storeName });
  return new HelperError('storage', `${title} does not return the secret of ${name}`, {
    hint: `unlock it and try again${alternative}`,
  });
}
