import { cacheFolder } from '../config/folders.ts';
import { loadSettings } from '../config/settings.ts';
import { freshToken, readToken } from '../iam/cache.ts';
import { type FreshTokenOptions, refreshTokenOf } from '../iam/cached-token.ts';
import type { Lookup } from './lookup.ts';
import type { Holder } from './mint.ts';

// The modules that send requests load axios, so they are imported only on a cache miss.

/** Returns an access token from the cache, or a new one. Throws `refused`, `unreachable`, `misconfigured`. */
export async function mintedAccessToken(
  lookup: Lookup,
  holder: Holder,
  force: boolean,
): Promise<string> {
  const { token } = await freshToken(lookup.context, {
    ...(await cacheOptions(lookup, holder)),
    minLifetimeMs: holder.minLifetimeMs,
    force,
    mint: mintWith(lookup, holder, 'mintAccessToken'),
  });
  return token;
}

/** Returns the expiry of the cached access token, in milliseconds since 1970; undefined if none is cached. */
export async function cachedTokenExpiry(
  lookup: Lookup,
  holder: Holder,
): Promise<number | undefined> {
  return (await readToken(lookup.context, await cacheOptions(lookup, holder)))?.expiresAt;
}

/** Returns a refresh token for an API key. It is renewed as often as the access token of the same response. */
export async function mintedRefreshToken(lookup: Lookup, holder: Holder): Promise<string> {
  const { token } = await freshToken(lookup.context, {
    ...(await cacheOptions(lookup, holder)),
    name: refreshTokenOf(holder.name),
    mint: mintWith(lookup, holder, 'mintRefreshToken'),
  });
  return token;
}

function mintWith(
  { context, settings }: Lookup,
  holder: Holder,
  name: 'mintAccessToken' | 'mintRefreshToken',
): FreshTokenOptions['mint'] {
  return async (deadline) => {
    const { [name]: mint } = await import('./mint.ts');
    const { trustedEndpoint } = await import('../config/trusted-endpoint.ts');
    return mint(context, holder, {
      deadline,
      endpoint: trustedEndpoint(context, await settings()),
    });
  };
}

async function cacheOptions({ context, settings }: Lookup, { name, since, kind }: Holder) {
  return {
    folder: context.readOnly ? undefined : cacheFolder(context),
    name,
    since,
    endpoint: context.env.IBMCLOUD_IAM_API_ENDPOINT || (await settings()).iamEndpoint,
    // The user may have logged out during the request. The identity of an instance has no secret that a logout could remove.
    shouldCache: async () =>
      kind === 'trusted-profile' ||
      (await loadSettings(context)).identities[name]?.secretSetAt === since,
  };
}
