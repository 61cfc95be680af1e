import { readSettings } from '../config/read-settings.ts';
import type { Context } from '../context.ts';
import { withoutDeadline } from '../deadline.ts';
import { HelperError } from '../errors.ts';
import { own } from '../identity/mapping-key.ts';
import type { Holder } from '../identity/tokens.ts';
import { secretStore } from '../secrets/secret-store.ts';
import type { AccessToken } from './access-token.ts';
import { requestToken, type TokenOptions } from './token.ts';

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
    if (!(error instanceof HelperError) || error.code !== 'refused') throw error;
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
  return { ...identity, name, hint, root };
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
 * IAM takes a refresh token once and gives another: it is saved before anything else can fail. The
 * stored one is read again here, since another process may have used the one that we know; and once more
 * before the new one takes its place, since somebody may have logged in or out while IAM was asked.
 */
async function fromRefreshToken(
  context: Context,
  holder: Holder,
  options: MintOptions,
): Promise<AccessToken> {
  const store = secretStore(context);
  const key = { of: 'identity', name: holder.name } as const;
  const stored = store.read(key);
  const refreshToken = stored?.Secret ?? holder.root;
  const grant = { kind: 'refresh-token', refreshToken } as const;
  const token = await requestToken(context, grant, explained(holder, options));
  const { refreshToken: next } = token;
  // The old one is worth nothing any more: late is better than lost.
  const unhurried = secretStore(withoutDeadline(context));
  if (stored !== undefined && next !== undefined && unhurried.read(key)?.Secret === stored.Secret) {
    unhurried.write(key, { ...stored, Secret: next });
  }
  return token;
}

/** The machine's or pod's own identity. */
async function fromMachine(
  context: Context,
  holder: Holder,
  options: MintOptions,
): Promise<AccessToken> {
  const { requestComputeToken } = await import('./compute.ts');
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
