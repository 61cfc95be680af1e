import { configFolder, signedOutFile, signOutMark } from '../config/folders.ts';
import { loadSettings, type Settings } from '../config/settings.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import type { RegistryHost } from '../registry/parse.ts';
import { readCredential } from '../secrets/credential-file.ts';
import {
  type Credential,
  fileStoreName,
  type SecretKey,
  type SecretStore,
} from '../secrets/store-types.ts';

/** A credential that a source has for a host. */
export interface Found {
  readonly username: string;
  /** Returns the password. It may need the network, so only `get` calls it. */
  readonly secret: () => string | Promise<string>;
  /** Returns an access token for IBM Cloud's APIs, if the credential can be exchanged for one; with `force`, a new one. */
  readonly accessToken?: (force: boolean) => Promise<string>;
  /** The access token that clients get, if the secret is one of an identity. */
  readonly minted?: {
    /** Returns the expiry of the cached token in milliseconds since 1970; undefined if none is cached. Requests no token. */
    readonly cachedUntil: () => Promise<number | undefined>;
    /** A cached token that expires sooner is renewed before clients get it. */
    readonly minLifetimeMs?: number;
  };
  /** True if the secret changes from time to time, so that a client may `store` an old one. */
  readonly isMinted?: boolean;
  /** The location of the secret, for messages. */
  readonly location: string;
  /** The environment variable that contains the secret, if it is in one. */
  readonly variable?: string;
  /** True if a client stored the secret for this host. */
  readonly isDockerLogin?: boolean;
  /** When the stored secret expires, in milliseconds since 1970, if known. */
  readonly expiresAt?: number | undefined;
  /** The name of the identity, if there is one. */
  readonly identity?: string;
}

/**
 * Finds a credential for a host in one place. Returns undefined if nothing is configured there, then the next source is
 * used. Throws if something is configured but fails, then the lookup ends.
 */
export type Source = (
  lookup: Lookup,
  host: RegistryHost,
) => Found | undefined | Promise<Found | undefined>;

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

export const everyHost = '*';

/** Returns the most specific key with a mapping: `host/namespace`, then `host`, then `*`; undefined if none of them exists. */
export function mappingKeyFor({ mappings }: Settings, host: RegistryHost): string | undefined {
  const { name, namespace } = host;
  const specific = `${name}/${namespace}`;
  if (namespace !== undefined && Object.hasOwn(mappings, specific)) return specific;
  if (Object.hasOwn(mappings, name)) return name;
  return Object.hasOwn(mappings, everyHost) ? everyHost : undefined;
}

/** Returns the mapping keys that use the identity. */
export function keysOfIdentity({ mappings }: Settings, name: string): string[] {
  return Object.keys(mappings).filter((key) => mappings[key]?.identity === name);
}
