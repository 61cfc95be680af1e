import type { RegistryHost } from '../registry/parse.ts';
import type { Lookup } from './lookup.ts';

/** A credential that a source has for a host. */
export interface Found {
  /** The user name a client is given. */
  readonly username: string;
  /** The secret that goes with it; it may need the network, so only `get` asks for it. */
  readonly secret: () => string | Promise<string>;
  /** An access token for whoever is behind it, where it is worth one; `force` asks IAM for a new one. */
  readonly accessToken?: (force: boolean) => Promise<string>;
  /** The secret is made anew from time to time, so that a client can hand an old one back. */
  readonly isMinted?: boolean;
  /** Where the secret rests, in words for people. */
  readonly keptIn: string;
  /** When what is kept there ends, in milliseconds since 1970, where that is known. */
  readonly endsAt?: number;
  /** The named identity behind it, where there is one. */
  readonly identity?: string;
}

/**
 * One way to find a credential. Returns `undefined` for "not configured here, ask the next";
 * throws where something is configured and failed: then nobody else is asked.
 */
export type Source = (
  lookup: Lookup,
  host: RegistryHost,
) => Found | undefined | Promise<Found | undefined>;
