import type { RegistryHost } from '../registry/parse.ts';
import type { Lookup } from './lookup.ts';

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
  /** When the stored secret expires, in milliseconds since 1970, if known. */
  readonly expiresAt?: number;
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
