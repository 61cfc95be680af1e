import type { Settings } from '../config/settings.ts';
import { HelperError } from '../errors.ts';
import { type SecretKey, type SecretStore, storeTitle } from './store-types.ts';

/** A store with its name in the settings. */
export interface NamedStore {
  readonly name: string;
  readonly store: SecretStore;
}

/** A keychain whose place is gone, or not there yet, lists nothing and calls that no failure. */
export function requireEveryIdentity(
  { identities }: Pick<Settings, 'identities'>,
  { name: storeName, store }: NamedStore,
): void {
  const there = store.names('identity');
  for (const name of Object.keys(identities)) {
    const isNeeded = identities[name]?.kind !== undefined;
    if (!isNeeded || !isNamed(identities, { of: 'identity', name }) || there.includes(name))
      continue;
    throw notGiven(storeName, name, `, or run docker-credential-icr logout --identity ${name}`);
  }
}

/** Whether it is the secret of an identity that needs one: no client erases that. */
export function isNamed(identities: Settings['identities'], { of, name }: SecretKey): boolean {
  if (of !== 'identity' || !Object.hasOwn(identities, name)) return false;
  return identities[name]?.kind !== 'trusted-profile';
}

export function notGiven(storeName: string, name: string, otherwise = ''): HelperError {
  const title = storeTitle({ store: storeName });
  return new HelperError('storage', `${title} does not return the secret of ${name}`, {
    hint: `unlock it and try again${otherwise}`,
  });
}
