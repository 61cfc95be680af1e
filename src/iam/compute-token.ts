import type { Context } from '../context.ts';
import { HelperError, systemCode } from '../errors.ts';
import { readRegular } from '../files/regular-file.ts';
import { cannot } from '../files/storage-error.ts';
import { requestInstanceToken } from './metadata.ts';
import { type AccessToken, requestToken, type TokenOptions } from './token-request.ts';
import { trustedProfile } from './trusted-profile.ts';

/** The files in which IBM's platforms store a pod's token, in the order of IBM's SDKs. */
const defaultTokenFiles: readonly string[] = [
  '/var/run/secrets/tokens/vault-token',
  '/var/run/secrets/tokens/sa-token',
  '/var/run/secrets/codeengine.cloud.ibm.com/compute-resource-token/token',
];

/** Tokens have a few thousand bytes. */
const maxTokenBytes = 64 * 1024;

/** Replaces the default token files and metadata service in tests. */
interface ComputeOverrides {
  readonly metadataAddresses?: readonly string[];
  readonly tokenFiles?: readonly string[];
  readonly identityTimeoutMs?: number;
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
  { metadataAddresses, tokenFiles, ...overrides }: ComputeOverrides = {},
): Promise<AccessToken> {
  const named = profile === undefined ? undefined : trustedProfile(profile);
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
  const places = metadataAddresses === undefined ? {} : { addresses: metadataAddresses };
  return await requestInstanceToken(context, named, { ...options, ...places, ...overrides });
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

/**
 * Returns the pod's service account token that the platform projects into a file, or undefined if no file exists.
 * Throws `storage` if a file cannot be read, and `damaged` if it is empty.
 */
export function readProjectedToken(
  files: readonly string[] = defaultTokenFiles,
): string | undefined {
  for (const file of files) {
    const text = readIfExists(file)?.trim();
    if (text === '') throw new HelperError('damaged', `the pod's token in ${file} is empty`);
    if (text !== undefined) return text;
  }
  return undefined;
}

function readIfExists(file: string): string | undefined {
  try {
    const read = readRegular(file, maxTokenBytes);
    if ('bytes' in read) return read.bytes.toString();
    throw new HelperError('damaged', `the pod's token in ${file} cannot be read`);
  } catch (error) {
    if (error instanceof HelperError) throw error;
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw cannot('read', file, error);
  }
}
