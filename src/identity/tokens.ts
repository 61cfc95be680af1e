import { cacheFolder } from '../config/folders.ts';
import { readSettings } from '../config/read-settings.ts';
import type { IdentityKind } from '../config/settings.ts';
import type { Context } from '../context.ts';
import { freshToken } from '../iam/cache.ts';
import { forgetEveryToken, forgetToken } from '../iam/cache-file.ts';
import { refreshTokenOf } from '../iam/cached-token.ts';
import type { Lookup } from './lookup.ts';

/** Who asks IAM for a token, and with what. */
export interface Holder {
  /** The identity's name; in the cache it names the token. */
  readonly name: string;
  readonly kind: IdentityKind;
  readonly profile?: string;
  /** When the root secret was set, in milliseconds since 1970. */
  readonly since: number;
  /** What a person can type when IAM says no. */
  readonly hint: string;
  /** Empty where the machine vouches for the identity. */
  readonly root: string;
}

// What talks to IAM loads axios, so it is imported only when there is a token to mint.

/** An access token from the cache, or a new one. Throws `refused`, `unreachable`, `misconfigured`. */
export async function mintedAccessToken(
  lookup: Lookup,
  holder: Holder,
  force: boolean,
): Promise<string> {
  const { token } = await freshToken(lookup.context, {
    ...cacheOptions(lookup, holder),
    force,
    mint: async (deadline) => {
      const { mintAccessToken } = await import('../iam/mint.ts');
      const { trustedEndpoint } = await import('../config/trusted-endpoint.ts');
      const endpoint = trustedEndpoint(lookup.context, lookup.settings());
      return mintAccessToken(lookup.context, holder, { deadline, endpoint });
    },
  });
  return token;
}

/** A refresh token made from an API key; it is renewed as often as the access token beside it. */
export async function mintedRefreshToken(lookup: Lookup, holder: Holder): Promise<string> {
  const { token } = await freshToken(lookup.context, {
    ...cacheOptions(lookup, holder),
    name: refreshTokenOf(holder.name),
    mint: async (deadline) => {
      const { mintRefreshToken } = await import('../iam/mint.ts');
      const { trustedEndpoint } = await import('../config/trusted-endpoint.ts');
      const endpoint = trustedEndpoint(lookup.context, lookup.settings());
      return mintRefreshToken(lookup.context, holder, { deadline, endpoint });
    },
  });
  return token;
}

function cacheOptions({ context, settings }: Lookup, { name, since, kind }: Holder) {
  return {
    folder: cacheFolder(context),
    name,
    since,
    endpoint: context.env.IBMCLOUD_IAM_API_ENDPOINT || settings().iamEndpoint,
    // Somebody may have logged out while IAM was asked; a machine's own identity has nothing to log out of.
    isToBeKept: () =>
      kind === 'trusted-profile' || readSettings(context).identities[name]?.since === since,
  };
}

/** Removes what was minted for an identity. Throws `storage`. */
export function forgetTokens(context: Context, name: string): void {
  const folder = cacheFolder(context);
  forgetToken({ folder, name });
  forgetToken({ folder, name: refreshTokenOf(name) });
}

/** Removes whatever was minted, for the machine as well. Throws `storage`. */
export function forgetMintedTokens(context: Context): void {
  const folder = cacheFolder(context);
  if (folder !== undefined) forgetEveryToken(folder);
}
