import { readSettings, type Settings } from '../config/settings.ts';
import type { Context } from '../context.ts';
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
  const secrets = new Map<string, Credential | undefined>();
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
      if (!secrets.has(name)) secrets.set(name, secretStore.read(key));
      return secrets.get(name);
    },
    isSignedOut: (hostKey) => isSignedOut(context, hostKey),
  };
}
