import { configFolder, signedOutFile } from '../config/folders.ts';
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

/** Where the sources look; settings and each secret are read once, when a source first asks for them. */
export interface Lookup {
  readonly context: Context;
  readonly settings: () => Promise<Settings>;
  /** The name of the credential store; `file` if the settings cannot be read: `docker login` for other registries. */
  readonly store: () => Promise<string>;
  readonly stored: (key: SecretKey) => Promise<Credential | undefined>;
  readonly isSignedOut: (hostKey: string) => Promise<boolean>;
}

/** `given` is the store, if the caller has it. */
export function lookupIn(context: Context, given?: SecretStore): Lookup {
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
  let opened = given;
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
      // A keychain that refuses takes its time, and one identity is used for many hosts.
      const reading = secrets.get(name) ?? readCredential(context, { name: store, open }, key);
      secrets.set(name, reading);
      return reading;
    },
    // A mark is one file a host, so that parallel calls of `erase` share nothing.
    isSignedOut: async (hostKey) => {
      const folder = configFolder(context);
      if (folder === undefined) return false;
      return context.files.isPresent(context, signedOutFile(folder, hostKey));
    },
  };
}
