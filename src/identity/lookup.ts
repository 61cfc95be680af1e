import { readSettings, type Settings } from '../config/settings.ts';
import type { Context } from '../context.ts';
import { fileStore } from '../secrets/file-store.ts';
import type { Credential, SecretKey, SecretStore } from '../secrets/store.ts';
import { isSignedOut } from './signed-out.ts';

/** What the sources look things up in; each thing is read once, when the first of them asks. */
export interface Lookup {
  readonly context: Context;
  readonly settings: () => Settings;
  readonly stored: (key: SecretKey) => Credential | undefined;
  readonly isSignedOut: (hostKey: string) => boolean;
}

export function lookupIn(context: Context, store: SecretStore = fileStore(context)): Lookup {
  const secrets = new Map<string, Credential | undefined>();
  let settings: Settings | undefined;
  return {
    context,
    settings: () => {
      settings ??= readSettings(context);
      return settings;
    },
    stored: (key) => {
      const name = `${key.of} ${key.name}`;
      if (!secrets.has(name)) secrets.set(name, store.read(key));
      return secrets.get(name);
    },
    isSignedOut: (hostKey) => isSignedOut(context, hostKey),
  };
}
