import { answerLimitMs, type Context, deadlineOf, remainingMs } from '../context.ts';
import { type ErrorCode, HelperError, inOneLine } from '../errors.ts';
import { type Action, withLock } from '../files/lock.ts';
import { timedOut } from '../http/accept.ts';
import { lockFolder, readTokenSync, writeToken } from './cache-file.ts';
import {
  type CachedToken,
  type CacheKey,
  type FreshTokenOptions,
  isFresh,
  isUsable,
} from './cached-token.ts';
import { iamEndpoint } from './endpoint.ts';

/** The minimum time that a request to IAM takes. */
const minMintMs = 200;
/** The timeout of a renewal if the cached token can still be used. */
const renewalTimeoutMs = 3000;

/**
 * Mints a token in one process, while other processes that need it wait and get the same token or error. If the
 * directory cannot be locked, each process mints its own. `cached` is the token in the cache.
 */
export function singleFlight(
  context: Context,
  options: FreshTokenOptions,
  cached: CachedToken | undefined,
): Promise<CachedToken> {
  const deadline = deadlineOf(context, answerLimitMs);
  // The caller has already read the cache and warned about it.
  const quiet = { ...context, warn: () => {} };
  const mintedByOther = (): CachedToken | undefined => {
    const token = readTokenSync(quiet, options);
    if (token === undefined) return undefined;
    if (!isFresh(token, context.now(), options.minLifetimeMs)) return undefined;
    return options.force && token.token === cached?.token ? undefined : token;
  };
  const isLate = context.now() >= deadline;
  const mint: FreshTokenOptions['mint'] = async (end) => {
    // This process waited until the deadline for another process, whose request to IAM has not been answered.
    if (!isLate && context.now() >= end) throw timedOut(iamName(context, options));
    return options.mint(end);
  };
  const timedOptions = { ...options, mint };
  const action: Action<CachedToken> = async (setNote) => {
    try {
      return mintedByOther() ?? (await renew(context, timedOptions, cached, deadline));
    } catch (error) {
      if (error instanceof HelperError) setNote(toNote(options, error));
      throw error;
    }
  };
  if (options.folder === undefined) return renew(context, options, cached, deadline);
  return withLock(context, lockFolder(options.folder, options.name), action, {
    timeoutMs: remainingMs(context, answerLimitMs),
    initialDelayMs: minMintMs,
    onTimeout: 'proceed',
    poll: (note) => {
      const token = mintedByOther();
      const error = note === undefined ? undefined : fromNote(options, note);
      if (token === undefined && error !== undefined) {
        return fallbackFor(context, options, cached, error);
      }
      return token;
    },
  });
}

/** Returns IAM's name with its host, for messages. */
function iamName(context: Context, { endpoint }: CacheKey): string {
  return `IAM at ${new URL(iamEndpoint(context, endpoint)).host}`;
}

async function renew(
  context: Context,
  options: FreshTokenOptions,
  cached: CachedToken | undefined,
  deadline: number,
): Promise<CachedToken> {
  const mintDeadline = hasFallback(context, options, cached)
    ? Math.min(deadline, deadlineOf(context, renewalTimeoutMs))
    : deadline;
  try {
    const { token, issuedAt, expiresAt } = await options.mint(mintDeadline);
    const minted = { token, issuedAt, expiresAt, since: options.since };
    if ((await options.shouldCache?.()) !== false) writeToken(context, options, minted);
    return minted;
  } catch (error) {
    const failed = fallbackFor(context, options, cached, error);
    writeToken(context, options, failed);
    return failed;
  }
}

/** Returns true if the cached token can be used if renewal fails. */
function hasFallback(
  context: Context,
  { force, minLifetimeMs = 0 }: FreshTokenOptions,
  cached: CachedToken | undefined,
): cached is CachedToken {
  return !force && cached !== undefined && isUsable(cached, context.now(), minLifetimeMs);
}

/** Returns the cached token with the error of its renewal. Throws the error if the token cannot be used instead. */
function fallbackFor(
  context: Context,
  options: FreshTokenOptions,
  cached: CachedToken | undefined,
  error: unknown,
): CachedToken {
  if (!(error instanceof HelperError)) throw error;
  const isTolerated =
    (options.minLifetimeMs ?? 0) > 0 || ['unreachable', 'storage'].includes(error.code);
  if (!isTolerated || !hasFallback(context, options, cached)) throw error;
  return { ...cached, failure: { at: context.now(), why: inOneLine(error) } };
}

/** An error for the processes that wait for the same token. */
interface Note extends Pick<CacheKey, 'name' | 'since' | 'endpoint'> {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string | undefined;
}

function toNote({ name, since, endpoint }: CacheKey, { code, message, hint }: HelperError): string {
  return JSON.stringify({ name, since, endpoint, code, message, hint } satisfies Note);
}

function fromNote({ name, since, endpoint }: CacheKey, text: string): HelperError | undefined {
  const note = parseNote(text);
  if (note === undefined) return undefined;
  if (note.name !== name || note.since !== since || note.endpoint !== endpoint) return undefined;
  return new HelperError(note.code, note.message, { hint: note.hint });
}

function parseNote(text: string): Note | undefined {
  try {
    const note: Note | null = JSON.parse(text);
    return typeof note?.message === 'string' ? note : undefined;
  } catch {
    return undefined;
  }
}
