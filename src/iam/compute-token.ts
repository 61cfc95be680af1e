import type { Context } from '../context.ts';
import { requestInstanceToken } from './metadata.ts';
import { readProjectedToken } from './projected-token.ts';
import { type AccessToken, requestToken, type TokenOptions } from './token-request.ts';

/** Where the platform shows its identity; tests pass their own. */
export interface Places {
  readonly metadataAddress?: string;
  readonly tokenFiles?: readonly string[];
}

/**
 * An access token for the trusted profile that this machine or pod may act as: by the token that the
 * platform put into a file, else by the metadata service, which has a default profile if none is named.
 * Throws `refused`, `unreachable`, `misconfigured`, `storage`, `damaged`.
 */
export async function requestComputeToken(
  context: Context,
  profile: string | undefined,
  options: TokenOptions,
  { metadataAddress, tokenFiles }: Places = {},
): Promise<AccessToken> {
  const crToken = profile === undefined ? undefined : readProjectedToken(tokenFiles);
  if (profile === undefined || crToken === undefined) {
    const address = metadataAddress === undefined ? {} : { address: metadataAddress };
    return await requestInstanceToken(context, profile, { ...options, ...address });
  }
  const grant = { kind: 'compute-resource', crToken, profile: { id: profile } } as const;
  return await requestToken(context, grant, options);
}
