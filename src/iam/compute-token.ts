import type { Context } from '../context.ts';
import { HelperError, systemCode } from '../errors.ts';
import { readRegular } from '../files/regular-file.ts';
import { cannot } from '../files/storage-error.ts';
import { requestInstanceToken } from './metadata.ts';
import { type AccessToken, requestToken, type TokenOptions } from './token-request.ts';

/** The files in which IBM's platforms store a pod's token, in the order of IBM's SDKs. */
const defaultTokenFiles: readonly string[] = [
  '/var/run/secrets/tokens/vault-token',
  '/var/run/secrets/tokens/sa-token',
  '/var/run/secrets/codeengine.cloud.ibm.com/compute-resource-token/token',
];

/** Tokens have a few thousand bytes. */
const maxTokenBytes = 64 * 1024;

/** Replaces the default token files and metadata service in tests. */
export interface ComputeOverrides {
  readonly metadataAddress?: string;
  readonly tokenFiles?: readonly string[];
}

/**
 * Requests an access token for a trusted profile of this pod or VPC instance. Uses the pod's token file if there is
 * one, otherwise the metadata service, which uses the instance's default profile if `profile` is undefined. Throws
 * `refused`, `unreachable`, `misconfigured`, `storage` or `damaged`.
 */
export async function requestComputeToken(
  context: Context,
  profile: string | undefined,
  options: TokenOptions,
  { metadataAddress, tokenFiles }: ComputeOverrides = {},
): Promise<AccessToken> {
  const crToken = profile === undefined ? undefined : readProjectedToken(tokenFiles);
  if (profile === undefined || crToken === undefined) {
    const address = metadataAddress === undefined ? {} : { address: metadataAddress };
    return await requestInstanceToken(context, profile, { ...options, ...address });
  }
  const grant = { kind: 'compute-resource', crToken, profile: { id: profile } } as const;
  return await requestToken(context, grant, options);
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
