import { cacheFolder } from '../config/folders.ts';
import type { IdentityKind } from '../config/settings.ts';
import type { Context } from '../context.ts';
import { freshToken } from '../iam/cache.ts';
import { forgetEveryToken, forgetToken } from '../iam/cache-file.ts';
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
  { context, settings }: Lookup,
  holder: Holder,
  force: boolean,
): Promise<string> {
  const { token } = await freshToken(context, {
    folder: cacheFolder(context),
    name: holder.name,
    since: holder.since,
    endpoint: context.env.IBMCLOUD_IAM_API_ENDPOINT || settings().iamEndpoint,
    force,
    mint: async (deadline) => {
      const { mintAccessToken } = await import('../iam/mint.ts');
      return mintAccessToken(context, holder, { deadline, endpoint: settings().iamEndpoint });
    },
  });
  return token;
}

/** A refresh token made from an API key; it is renewed as often as the access token beside it. */
export async function mintedRefreshToken(
  { context, settings }: Lookup,
  holder: Holder,
): Promise<string> {
  const { token } = await freshToken(context, {
    folder: cacheFolder(context),
    name: refreshTokenOf(holder.name),
    since: holder.since,
    endpoint: context.env.IBMCLOUD_IAM_API_ENDPOINT || settings().iamEndpoint,
    mint: async (deadline) => {
      const { mintRefreshToken } = await import('../iam/mint.ts');
      return mintRefreshToken(context, holder, { deadline, endpoint: settings().iamEndpoint });
    },
  });
  return token;
}

/** In the cache, beside the access token of the same identity. */
function refreshTokenOf(name: string): string {
  return `${name} iamrefresh`;
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
  if (folder !== undefined) forgetEveryToken(context, folder);
}
