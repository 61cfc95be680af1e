import { readSettings } from '../config/read-settings.ts';
import type { IdentityKind } from '../config/settings.ts';
import { type Context, withoutDeadline } from '../context.ts';
import { HelperError, isRefused } from '../errors.ts';
import type { AccessToken } from '../iam/access-token.ts';
import { requestToken, type TokenOptions } from '../iam/token-request.ts';
import { own } from '../json-object.ts';
import { replaceSecret, requireReplaceable } from '../secrets/replace-secret.ts';
import { secretStore } from '../secrets/secret-store.ts';

/** An identity with its secret, for token requests. */
export interface Holder {
  /** The identity's name, which is also the key of its token in the cache. */
  readonly name: string;
  readonly kind: IdentityKind;
  readonly profile?: string;
  /** When the root secret was set, in milliseconds since 1970. */
  readonly since: number;
  /** The hint if IAM rejects the request. */
  readonly hint: string;
  /** The API key or refresh token; empty for a trusted profile of this instance. */
  readonly root: string;
  /** An access token that expires sooner is renewed before clients get it. */
  readonly minLifetimeMs?: number | undefined;
}

/** How long to wait for the lock before a new refresh token is stored without it. */
const storeLimitMs = 5000;

interface MintOptions {
  /** In milliseconds since 1970. */
  readonly deadline: number;
  /** IAM's address in the settings. */
  readonly endpoint: string | undefined;
}

/** Requests an access token for an identity. Throws the errors of `requestToken`. */
export async function mintAccessToken(
  context: Context,
  holder: Holder,
  options: MintOptions,
): Promise<AccessToken> {
  switch (holder.kind) {
    case 'api-key':
      return withLatestKey(context, holder, (latest) => fromApiKey(context, latest, options));
    case 'refresh-token':
      return fromRefreshToken(context, holder, options);
    case 'trusted-profile':
      return fromMachine(context, holder, options);
    default:
      throw new HelperError(
        'misconfigured',
        `identity ${holder.name} cannot be exchanged for an access token`,
        { hint: 'use an identity with an API key' },
      );
  }
}

/** Requests a refresh token for an API key. Its expiry is that of the access token in the same response. */
export function mintRefreshToken(
  context: Context,
  holder: Holder,
  options: MintOptions,
): Promise<AccessToken> {
  return withLatestKey(context, holder, (latest) => refreshTokenFrom(context, latest, options));
}

/**
 * Retries with the stored API key if IAM rejects the given one: while this process waited for the lock, `api-key rotate` may
 * have replaced and deleted the key.
 */
async function withLatestKey<T>(
  context: Context,
  holder: Holder,
  mint: (holder: Holder) => Promise<T>,
): Promise<T> {
  try {
    return await mint(holder);
  } catch (error) {
    if (!isRefused(error)) throw error;
    const latest = latestKey(context, holder);
    if (latest === undefined) throw error;
    return mint(latest);
  }
}

/** Returns undefined if the stored key has not changed or does not exist. */
function latestKey(context: Context, holder: Holder): Holder | undefined {
  const identity = own(readSettings(context).identities, holder.name);
  if (identity?.kind !== 'api-key') return undefined;
  const root = secretStore(context).read({ of: 'identity', name: holder.name })?.Secret;
  if (root === undefined || root === holder.root) return undefined;
  const { hint, name } = holder;
  return { ...identity, since: identity.secretSetAt, name, hint, root };
}

async function refreshTokenFrom(
  context: Context,
  holder: Holder,
  options: MintOptions,
): Promise<AccessToken> {
  const grant = { kind: 'api-key', apiKey: holder.root } as const;
  const request = { ...tokenOptions(holder, options), wantRefreshToken: true };
  const { refreshToken, issuedAt, expiresAt } = await requestToken(context, grant, request);
  if (refreshToken !== undefined) return { token: refreshToken, issuedAt, expiresAt };
  throw new HelperError('refused', `IAM returned no refresh token for identity ${holder.name}`, {
    hint: 'use --present iamapikey or iambearer',
  });
}

async function fromApiKey(
  context: Context,
  holder: Holder,
  options: MintOptions,
): Promise<AccessToken> {
  const request = tokenOptions(holder, options);
  const own = await requestToken(context, { kind: 'api-key', apiKey: holder.root }, request);
  if (holder.profile === undefined) return own;
  const profile = { id: holder.profile };
  return requestToken(context, { kind: 'assume', accessToken: own.token, profile }, request);
}

/**
 * IAM accepts a refresh token once and returns a new one, which must be stored. Before the request, the stored token is
 * written again, so that a full or read-only disk fails while the old token is still valid. The token is read from the
 * store, because another process may have used the one that the caller has read.
 */
async function fromRefreshToken(
  context: Context,
  holder: Holder,
  options: MintOptions,
): Promise<AccessToken> {
  const key = { of: 'identity', name: holder.name } as const;
  const read = () => secretStore(context).read(key);
  let stored = read();
  const lock = { limitMs: Math.max(0, options.deadline - context.now()) };
  // A login or another `get` may have replaced it meanwhile.
  while (stored !== undefined && !(await requireReplaceable(context, key, stored, lock))) {
    stored = read();
  }
  const refreshToken = stored?.Secret ?? holder.root;
  const grant = { kind: 'refresh-token', refreshToken } as const;
  const token = await requestToken(context, grant, tokenOptions(holder, options)).catch((error) => {
    // Not read after a timeout: an error of the keychain would replace that of IAM.
    if (!isRefused(error)) throw error;
    const latest = read();
    const isUsed = latest !== undefined && latest.Secret !== refreshToken;
    if (isUsed) return undefined;
    throw error;
  });
  // Another process has used the token and stored the next one.
  if (token === undefined) return fromRefreshToken(context, holder, options);
  const { refreshToken: next } = token;
  // Not stored if a login or logout has changed the secret meanwhile. Otherwise it must be stored, even after the deadline
  // or without the lock, because the old token is not valid any longer.
  if (stored !== undefined && next !== undefined) {
    const options = { limitMs: storeLimitMs, onTimeout: 'proceed' } as const;
    const renewed = { ...stored, Secret: next };
    await replaceSecret(withoutDeadline(context), key, refreshToken, renewed, options);
  }
  return token;
}

/** Requests a token for the identity of this instance or pod. */
async function fromMachine(
  context: Context,
  holder: Holder,
  options: MintOptions,
): Promise<AccessToken> {
  const { requestComputeToken } = await import('../iam/compute-token.ts');
  return requestComputeToken(context, holder.profile, tokenOptions(holder, options));
}

/** Returns the subject of error messages. */
function ownerOf({ kind, name, profile }: Holder): string {
  if (kind === 'trusted-profile') return `trusted profile ${profile}`;
  return `the ${kind === 'api-key' ? 'API key' : 'refresh token'} of identity ${name}`;
}

function tokenOptions(holder: Holder, { deadline, endpoint }: MintOptions): TokenOptions {
  return {
    deadline,
    ...(endpoint === undefined ? {} : { endpoint }),
    owner: ownerOf(holder),
    hint: holder.hint,
  };
}
