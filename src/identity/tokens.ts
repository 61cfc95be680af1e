import { cacheFolder } from '../config/folders.ts';
import { loadSettings } from '../config/load-settings.ts';
import { freshToken } from '../iam/cache.ts';
import { refreshTokenOf } from '../iam/cached-token.ts';
import type { Lookup } from './lookup.ts';
import type { Holder } from './mint.ts';

// What talks to IAM loads axios, so it is imported only when there is a token to mint.

/** An access token from the cache, or a new one. Throws `refused`, `unreachable`, `misconfigured`. */
export async function mintedAccessToken(
  lookup: Lookup,
  holder: Holder,
  force: boolean,
): Promise<string> {
  const { token } = await freshToken(lookup.context, {
    ...(await cacheOptions(lookup, holder)),
    force,
    mint: async (deadline) => {
      const { mintAccessToken } = await import('./mint.ts');
      const { trustedEndpoint } = await import('../config/trusted-endpoint.ts');
      const endpoint = trustedEndpoint(lookup.context, await lookup.settings());
      return mintAccessToken(lookup.context, holder, { deadline, endpoint });
    },
  });
  return token;
}

/** A refresh token made from an API key; it is renewed as often as the access token beside it. */
export async function mintedRefreshToken(lookup: Lookup, holder: Holder): Promise<string> {
  const { token } = await freshToken(lookup.context, {
    ...(await cacheOptions(lookup, holder)),
    name: refreshTokenOf(holder.name),
    mint: async (deadline) => {
      const { mintRefreshToken } = await import('./mint.ts');
      const { trustedEndpoint } = await import('../config/trusted-endpoint.ts');
      const endpoint = trustedEndpoint(lookup.context, await lookup.settings());
      return mintRefreshToken(lookup.context, holder, { deadline, endpoint });
    },
  });
  return token;
}

async function cacheOptions({ context, settings }: Lookup, { name, since, kind }: Holder) {
  return {
    folder: context.readOnly ? undefined : cacheFolder(context),
    name,
    since,
    endpoint: context.env.IBMCLOUD_IAM_API_ENDPOINT || (await settings()).iamEndpoint,
    // Somebody may have logged out while IAM was asked; a machine's own identity has nothing to log out of.
    shouldCache: async () =>
      kind === 'trusted-profile' ||
      (await loadSettings(context)).identities[name]?.secretSetAt === since,
  };
}
