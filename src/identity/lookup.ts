import { readSettings } from '../config/read-settings.ts';
import type { Settings } from '../config/settings.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { readableStore } from '../secrets/secret-store.ts';
import type { Credential, SecretKey, SecretStore } from '../secrets/store.ts';
import { isSignedOut } from './signed-out.ts';

/** What the sources look things up in; each thing is read once, when the first of them asks. */
export interface Lookup {
  readonly context: Context;
  readonly settings: () => Settings;
  readonly stored: (key: SecretKey) => Credential | undefined;
  readonly isSignedOut: (hostKey: string) => boolean;
}

export function lookupIn(context: Context, store?: SecretStore): Lookup {
  const secrets = new Map<string, Credential | HelperError | undefined>();
  let known: Settings | undefined;
  let secretStore = store;
  const settings = () => {
    known ??= readSettings(context);
    return known;
  };
  return {
    context,
    settings,
    stored: (key) => {
      secretStore ??= readableStore(context, settings);
      const name = `${key.of} ${key.name}`;
      if (!secrets.has(name)) secrets.set(name, readOnce(secretStore, key));
      const found = secrets.get(name);
      if (found instanceof HelperError) throw found;
      return found;
    },
    isSignedOut: (hostKey) => isSignedOut(context, hostKey),
  };
}

/** A keychain that refuses takes its time, and one identity answers for many hosts. */
function readOnce(store: SecretStore, key: SecretKey): Credential | HelperError | undefined {
  try {
    return store.read(key);
  } catch (error) {
    if (error instanceof HelperError) return error;
    throw error;
  }
}
