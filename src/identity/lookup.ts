import { configFolder, signedOutFile, signOutMark } from '../config/folders.ts';
import { loadSettings } from '../config/load-settings.ts';
import type { Settings } from '../config/settings.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { readCredential } from '../secrets/read-credential.ts';
import {
  type Credential,
  fileStoreName,
  type SecretKey,
  type SecretStore,
} from '../secrets/store-types.ts';

/** The data for the sources. Settings and secrets are read when a source first needs them, and only once. */
export interface Lookup {
  readonly context: Context;
  readonly settings: () => Promise<Settings>;
  /** The name of the credential store; `file` if the settings cannot be read, for the credentials of other registries. */
  readonly store: () => Promise<string>;
  readonly stored: (key: SecretKey) => Promise<Credential | undefined>;
  readonly isSignedOut: (hostKey: string) => Promise<boolean>;
}

/** Returns a lookup without cached data. `openStore` is the store, if the caller has already opened it. */
export function lookupIn(context: Context, openStore?: SecretStore): Lookup {
  let loading: Promise<Settings> | undefined;
  const settings = () => {
    loading ??= loadSettings(context);
    return loading;
  };
  const store = async () => {
    try {
      return (await settings()).store ?? fileStoreName;
    } catch (error) {
      if (error instanceof HelperError) return fileStoreName;
      throw error;
    }
  };
  let opened = openStore;
  const open = async () => {
    if (opened === undefined) {
      const { storeIn } = await import('../secrets/secret-store.ts');
      opened = storeIn(context, { store: await store() });
    }
    return opened;
  };
  const secrets = new Map<string, Promise<Credential | undefined>>();
  return {
    context,
    settings,
    store,
    stored: (key) => {
      const name = `${key.of} ${key.name}`;
      // One identity is used for many hosts, and a failing keychain is slow.
      const reading = secrets.get(name) ?? readCredential(context, { name: store, open }, key);
      secrets.set(name, reading);
      return reading;
    },
    // One file for each host, so that parallel calls of `erase` do not conflict.
    isSignedOut: async (hostKey) => {
      const folder = configFolder(context);
      if (folder === undefined) return false;
      return context.files.isPresent(context, signedOutFile(folder, signOutMark(context, hostKey)));
    },
  };
}
