import { readSettings } from '../config/read-settings.ts';
import type { IdentityKind } from '../config/settings.ts';
import type { Context } from '../context.ts';
import { withoutDeadline } from '../deadline.ts';
import { HelperError } from '../errors.ts';
import type { AccessToken } from '../iam/access-token.ts';
import { requestToken, type TokenOptions } from '../iam/token-request.ts';
import { replaceSecret, requireReplaceable } from '../secrets/replace-secret.ts';
import { secretStore } from '../secrets/secret-store.ts';
import { own } from './mapping-key.ts';

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

/** Milliseconds to wait for other commands before a refresh token is stored. */
const storeLimitMs = 5000;

export interface MintOptions {
  /** When to give up, in milliseconds since 1970. */
  readonly deadline: number;
  /** The setting for IAM's address. */
  readonly endpoint: string | undefined;
}

/** Asks IAM for an access token in the way that fits the identity. Throws what `requestToken` throws. */
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
      throw new HelperError('misconfigured', `identity ${holder.name} is worth no access token`);
  }
}

/** Asks for a refresh token; the life of the access token beside it is given as its own. */
export function mintRefreshToken(
  context: Context,
  holder: Holder,
  options: MintOptions,
): Promise<AccessToken> {
  return withLatestKey(context, holder, (latest) => refreshTokenFrom(context, latest, options));
}

/**
 * Whoever has waited for its turn to mint may hold a key that was replaced and deleted meanwhile, as `api-key rotate`
 * does: where IAM refuses it, the one that is kept by then is tried, if it is another.
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

/** `undefined` where it is still the same, or there is none any more. */
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
  const asked = { ...explained(holder, options), wantRefreshToken: true };
  const { refreshToken, issuedAt, expiresAt } = await requestToken(context, grant, asked);
  if (refreshToken !== undefined) return { token: refreshToken, issuedAt, expiresAt };
  throw new HelperError(
    'refused',
    `IAM gives no refresh token for identity ${holder.name}; present it as iamapikey or iambearer`,
  );
}

async function fromApiKey(
  context: Context,
  holder: Holder,
  options: MintOptions,
): Promise<AccessToken> {
  const asked = explained(holder, options);
  const own = await requestToken(context, { kind: 'api-key', apiKey: holder.root }, asked);
  if (holder.profile === undefined) return own;
  const profile = { id: holder.profile };
  return requestToken(context, { kind: 'assume', accessToken: own.token, profile }, asked);
}

/**
 * IAM accepts a refresh token once and returns another. The token is requested only after the stored one has been
 * written again: a disk that is full or read-only fails then, while the login is still good. The stored token is read
 * here, since another process may have used the one that the caller knows.
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
  // A login or another `get` may replace it meanwhile.
  while (stored !== undefined && !(await requireReplaceable(context, key, stored, lock))) {
    stored = read();
  }
  const refreshToken = stored?.Secret ?? holder.root;
  const grant = { kind: 'refresh-token', refreshToken } as const;
  const token = await requestToken(context, grant, explained(holder, options)).catch((error) => {
    const latest = read();
    const isSpent = isRefused(error) && latest !== undefined && latest.Secret !== refreshToken;
    if (isSpent) return undefined;
    throw error;
  });
  // Another process has used it up, and stored the next one.
  if (token === undefined) return fromRefreshToken(context, holder, options);
  const { refreshToken: next } = token;
  // If somebody has logged in or out meanwhile, the next one is not stored. The old one is worth nothing any more: late,
  // or without the lock, is better than lost.
  if (stored !== undefined && next !== undefined) {
    const late = { limitMs: storeLimitMs, onTimeout: 'proceed' } as const;
    const renewed = { ...stored, Secret: next };
    await replaceSecret(withoutDeadline(context), key, refreshToken, renewed, late);
  }
  return token;
}

function isRefused(error: unknown): boolean {
  return error instanceof HelperError && error.code === 'refused';
}

/** The machine's or pod's own identity. */
async function fromMachine(
  context: Context,
  holder: Holder,
  options: MintOptions,
): Promise<AccessToken> {
  const { requestComputeToken } = await import('../iam/compute-token.ts');
  return requestComputeToken(context, holder.profile, explained(holder, options));
}

/** What IAM is asked about, as a message names it. */
function ownerOf({ kind, name, profile }: Holder): string {
  if (kind === 'trusted-profile') return `trusted profile ${profile}`;
  return `the ${kind === 'api-key' ? 'API key' : 'refresh token'} of identity ${name}`;
}

function explained(holder: Holder, { deadline, endpoint }: MintOptions): TokenOptions {
  return {
    deadline,
    ...(endpoint === undefined ? {} : { endpoint }),
    owner: ownerOf(holder),
    hint: holder.hint,
  };
}
