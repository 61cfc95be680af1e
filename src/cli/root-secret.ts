import { readSettings } from '../config/read-settings.ts';
import { trustedEndpoint } from '../config/trusted-endpoint.ts';
import type { Context } from '../context.ts';
import { HelperError, isRefused } from '../errors.ts';
import type { Owner, Verification } from '../iam/owner.ts';
import { entitledRegistry } from '../identity/present.ts';
import { requireWritable } from '../secrets/replace-secret.ts';
import { apiKeyInFile, apiKeyOnStdin, askApiKey, tokenOnStdin } from './secret-input.ts';
import { type IdentityType, isSignOn, type SecretOptions } from './secret-options.ts';

/** The secret to store, and the owner that IAM names for it. */
export interface RootSecret extends Owner, IdentityType {
  readonly secret: string;
}

interface LoginTarget {
  /** The host whose registry verifies secrets that IAM cannot verify. */
  readonly host: string;
  /** The hint of the error if the secret is refused. */
  readonly hint: string;
  /** The name of the credential store in which the secret will be stored. */
  readonly store: string | undefined;
}

/**
 * Reads the secret from the selected source, and verifies it with IAM or the registry unless `verify` is off. Throws
 * `invalid-input`, `refused`, `unreachable`, and `storage` if a secret that is valid only once could not be stored.
 */
export async function readRootSecret(
  context: Context,
  options: SecretOptions,
  type: IdentityType,
  { host, hint, store }: LoginTarget,
): Promise<RootSecret> {
  const verification = { hint, endpoint: trustedEndpoint(context, readSettings(context)) };
  switch (type.kind) {
    case 'api-key':
      return apiKey(context, options, type, host, verification);
    case 'refresh-token':
      return isSignOn(options)
        ? singleSignOn(context, options, verification, store)
        : refreshToken(context, options, verification, store);
    case 'entitlement-key':
      return entitlementKey(context, options, host, verification);
    case 'registry-token':
      return registryToken(context, options, host, verification);
    case 'trusted-profile':
      return computeIdentity(context, options, type, verification);
  }
}

async function apiKey(
  context: Context,
  options: SecretOptions,
  type: IdentityType,
  host: string,
  verification: Verification,
): Promise<RootSecret> {
  const secret = await readApiKey(context, options);
  const isEntitled = host === entitledRegistry;
  // Entitlement keys are JWTs.
  if (isEntitled && /^eyJ[\w-]*\.[\w-]+\.[\w-]*$/.test(secret)) throw notApiKey();
  const root = { ...type, secret };
  if (!options.verify) return root;
  const { ownerOfApiKey } = await import('../iam/owner.ts');
  try {
    return { ...root, ...(await ownerOfApiKey(context, secret, type.profile, verification)) };
  } catch (error) {
    throw isEntitled && isRefused(error) ? notApiKey(error) : error;
  }
}

function notApiKey(cause?: HelperError): HelperError {
  const what = `this is not an API key; ${entitledRegistry} accepts entitlement keys only`;
  return new HelperError('invalid-input', what, {
    hint: `run docker-credential-icr login ${entitledRegistry} --entitlement-key-stdin`,
    cause,
  });
}

async function readApiKey(context: Context, options: SecretOptions): Promise<string> {
  if (options.apiKeyStdin) return apiKeyOnStdin(context);
  if (options.apiKeyFile !== undefined) return apiKeyInFile(context, options.apiKeyFile);
  return askApiKey(context);
}

async function singleSignOn(
  context: Context,
  options: SecretOptions,
  verification: Verification,
  store: string | undefined,
): Promise<RootSecret> {
  const { signOn } = await import('./sign-on.ts');
  return { kind: 'refresh-token', ...(await signOn(context, options, verification, store)) };
}

async function refreshToken(
  context: Context,
  { verify }: SecretOptions,
  verification: Verification,
  store: string | undefined,
): Promise<RootSecret> {
  const kind = 'refresh-token';
  const secret = await tokenOnStdin(context, 'refresh token');
  if (!verify) return { kind, secret };
  await requireWritable(context, store);
  const { ownerOfRefreshToken } = await import('../iam/owner.ts');
  return { kind, ...(await ownerOfRefreshToken(context, secret, verification)) };
}

async function entitlementKey(
  context: Context,
  { verify }: SecretOptions,
  host: string,
  verification: Verification,
): Promise<RootSecret> {
  const root = {
    kind: 'entitlement-key',
    secret: await tokenOnStdin(context, 'entitlement key'),
  } as const;
  if (!verify) return root;
  const { verifyAtTokenEndpoint } = await import('../registry/docker-exchange.ts');
  const credential = { Username: 'cp', Secret: root.secret };
  await verifyAtTokenEndpoint(context, host, credential, {
    ...verification,
    owner: 'the entitlement key',
  });
  return { ...root, owner: `entitlement key for ${host}` };
}

async function registryToken(
  context: Context,
  { verify }: SecretOptions,
  host: string,
  verification: Verification,
): Promise<RootSecret> {
  const secret = await tokenOnStdin(context, 'registry token');
  const { ownerOfRegistryToken } = await import('../iam/owner.ts');
  const root = { kind: 'registry-token', secret, ...ownerOfRegistryToken(secret) } as const;
  if (!verify) return root;
  const { verifyAtTokenEndpoint } = await import('../registry/docker-exchange.ts');
  const credential = { Username: 'token', Secret: secret };
  await verifyAtTokenEndpoint(context, host, credential, {
    ...verification,
    owner: 'the registry token',
  });
  return root;
}

async function computeIdentity(
  context: Context,
  { verify }: SecretOptions,
  type: IdentityType,
  verification: Verification,
): Promise<RootSecret> {
  const root = { ...type, secret: '' };
  if (!verify || type.profile === undefined) return root;
  const { ownerOfMachine } = await import('../iam/owner.ts');
  return { ...root, ...(await ownerOfMachine(context, type.profile, verification)) };
}
