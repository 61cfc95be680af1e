import type { Context } from '../context.ts';
import { answerLimitMs, deadlineOf, remainingMs } from '../deadline.ts';
import { type ErrorCode, HelperError, inOneLine } from '../errors.ts';
import { type Action, withLock } from '../files/lock.ts';
import { timedOut } from '../http/accept.ts';
import { lockFolder, readTokenNow, writeToken } from './cache-file.ts';
import type { FreshTokenOptions } from './cached-token.ts';
import { type CachedToken, type CacheKey, isServable, isUsable } from './cached-token.ts';
import { iamEndpoint } from './endpoint.ts';

/** Milliseconds that IAM, far away, takes at least. */
const shortestMint = 200;
/** Milliseconds for a renewal that can wait. */
const renewalLimit = 3000;

/**
 * Mints a token in one process, while the others that want it wait: they all get it, or the same error. Where
 * there can be no lock, each mints its own. `old` is what the cache holds.
 */
export function mintOnce(
  context: Context,
  options: FreshTokenOptions,
  old: CachedToken | undefined,
): Promise<CachedToken> {
  const deadline = deadlineOf(context, answerLimitMs);
  // What is wrong with the cache was said when it was read first.
  const quiet = { ...context, warn: () => {} };
  const madeMeanwhile = (): CachedToken | undefined => {
    const token = readTokenNow(quiet, options);
    if (token === undefined || !isUsable(token, context.now())) return undefined;
    return options.force && token.token === old?.token ? undefined : token;
  };
  const isLate = context.now() >= deadline;
  const mint: FreshTokenOptions['mint'] = async (end) => {
    // The time was spent waiting for a process that has asked IAM, and has no answer either.
    if (!isLate && context.now() >= end) throw timedOut(iamName(context, options));
    return options.mint(end);
  };
  const asked = { ...options, mint };
  const action: Action<CachedToken> = async (leave) => {
    try {
      return madeMeanwhile() ?? (await renew(context, asked, old, deadline));
    } catch (error) {
      if (error instanceof HelperError) leave(toNote(options, error));
      throw error;
    }
  };
  if (options.folder === undefined) return renew(context, options, old, deadline);
  return withLock(context, lockFolder(options.folder, options.name), action, {
    limit: remainingMs(context, answerLimitMs),
    initialDelayMs: shortestMint,
    otherwise: 'proceed',
    poll: (note) => {
      const token = madeMeanwhile();
      const error = note === undefined ? undefined : fromNote(options, note);
      if (token === undefined && error !== undefined) throw error;
      return token;
    },
  });
}

/** IAM's name in messages. */
function iamName(context: Context, { endpoint }: CacheKey): string {
  return `IAM at ${new URL(iamEndpoint(context, endpoint)).host}`;
}

async function renew(
  context: Context,
  options: FreshTokenOptions,
  old: CachedToken | undefined,
  deadline: number,
): Promise<CachedToken> {
  const spare = !options.force && old && isServable(old, context.now()) ? old : undefined;
  const end =
    spare === undefined ? deadline : Math.min(deadline, deadlineOf(context, renewalLimit));
  try {
    const { token, issuedAt, expiresAt } = await options.mint(end);
    const minted = { token, issuedAt, expiresAt, since: options.since };
    if ((await options.isToBeKept?.()) !== false) writeToken(context, options, minted);
    return minted;
  } catch (error) {
    const isTemporary =
      error instanceof HelperError && ['unreachable', 'storage'].includes(error.code);
    if (spare === undefined || !isTemporary) throw error;
    const kept = { ...spare, failure: { at: context.now(), why: inOneLine(error) } };
    writeToken(context, options, kept);
    return kept;
  }
}

/** Why there is no token, for those who wait for the same one. */
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
