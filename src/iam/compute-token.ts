import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { requestInstanceToken } from './metadata.ts';
import { readProjectedToken } from './projected-token.ts';
import {
  type AccessToken,
  requestToken,
  type TokenOptions,
  type TrustedProfile,
} from './token-request.ts';

/** Where the platform shows its identity; tests pass their own. */
export interface Places {
  readonly metadataAddress?: string;
  readonly tokenFiles?: readonly string[];
}

/**
 * An access token for the trusted profile that this machine or pod may act as, by its ID, CRN or name: by the token in
 * `IBMCLOUD_CR_TOKEN` or in a file of the platform, else by the metadata service, which has a default profile if none is
 * given, and does not know names. Throws `refused`, `unreachable`, `misconfigured`, `storage`, `damaged`.
 */
export async function requestComputeToken(
  context: Context,
  profile: string | undefined,
  options: TokenOptions,
  { metadataAddress, tokenFiles }: Places = {},
): Promise<AccessToken> {
  const named = profile === undefined ? undefined : profileNamed(profile);
  const crToken = named === undefined ? undefined : crTokenIn(context, tokenFiles);
  if (named !== undefined && crToken !== undefined) {
    return await requestToken(
      context,
      { kind: 'compute-resource', crToken, profile: named },
      options,
    );
  }
  if (named !== undefined && 'name' in named) {
    throw new HelperError(
      'misconfigured',
      'the metadata service does not accept the name of a trusted profile',
      { hint: 'use its ID (Profile-…) or its CRN' },
    );
  }
  const address = metadataAddress === undefined ? {} : { address: metadataAddress };
  return await requestInstanceToken(context, named, { ...options, ...address });
}

/** How the ibmcloud CLI reads `IBMCLOUD_CR_PROFILE`. */
function profileNamed(text: string): TrustedProfile {
  const id = /^(?:iam-)?(Profile-[\w-]+)$/.exec(text)?.[1];
  if (id !== undefined) return { id };
  return text.startsWith('crn:') ? { crn: text } : { name: text };
}

/** A value, or `@file`, as in the ibmcloud CLI's option `--cr-token`. */
function crTokenIn({ env }: Context, tokenFiles: readonly string[] | undefined) {
  const given = env.IBMCLOUD_CR_TOKEN?.trim();
  if (!given) return readProjectedToken(tokenFiles);
  if (!given.startsWith('@')) return given;
  const token = readProjectedToken([given.slice(1)]);
  if (token !== undefined) return token;
  throw new HelperError('misconfigured', 'the file in IBMCLOUD_CR_TOKEN does not exist', {
    hint: 'check IBMCLOUD_CR_TOKEN',
  });
}
