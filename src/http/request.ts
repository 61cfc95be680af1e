import { type Context, debug } from '../context.ts';
import { deadlineOf } from '../deadline.ts';
import type { ErrorDetails } from '../errors.ts';
import type { JsonObject } from '../json-object.ts';
import { masked } from '../mask.ts';
import type { Secrets } from '../plain-text.ts';
import { type Asked, accept, describe, unreachable } from './accept.ts';
import { ConnectionError } from './connection-error.ts';
import { type HttpAnswer, type HttpRequest, send, via } from './send.ts';
import { isPassing } from './service-error.ts';

/** Milliseconds that a request may take, every attempt included. */
export const timeLimit = 10_000;

export interface CallOptions extends Asked {
  /** When to give up, by the context's clock; by default `timeLimit` from now, or the command's deadline. */
  readonly deadline?: number;
  /** Waits that many milliseconds; tests pass their own. */
  readonly pause?: (milliseconds: number) => Promise<void>;
  /** It makes something: not sent again where the first attempt may have made it. */
  readonly once?: boolean;
}

/** Attempts; IBM's SDKs make five as well. */
const attempts = 5;
const firstDelay = 300;

/** What came of one attempt: an answer to keep, or the reason to try again. */
type Outcome =
  | { readonly answer: HttpAnswer }
  | {
      readonly trouble: string;
      readonly details?: ErrorDetails;
      readonly retryAfter?: number;
      /** The server did nothing about it. */
      readonly unheeded?: boolean;
    };

/** `requestAnswer`, and the JSON object of a good answer. Throws `refused` where IBM Cloud says no, else `unreachable`. */
export async function requestJson(
  context: Context,
  request: HttpRequest,
  options: CallOptions,
): Promise<JsonObject> {
  return accept(await requestAnswer(context, request, options), nameOf(request, options), options);
}

/**
 * Sends a request until there is an answer worth keeping, of whatever status. Dropped and refused
 * connections, 429, 500 and 502 to 599 are tried again; all ends at the deadline, and at once where the server asks
 * for a longer wait than that. Throws `unreachable`.
 */
export async function requestAnswer(
  context: Context,
  request: HttpRequest,
  options: CallOptions,
): Promise<HttpAnswer> {
  const deadline = options.deadline ?? deadlineOf(context, timeLimit);
  const name = nameOf(request, options);
  if (context.now() >= deadline) {
    throw unreachable(`no time was left to ask ${name}`, { reason: options.reason });
  }
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await attemptOnce(context, request, deadline, name, options);
    if ('answer' in outcome) return outcome.answer;
    const delay = Math.max(backOff(attempt), outcome.retryAfter ?? 0);
    const last = attempt === attempts || (options.once && !outcome.unheeded);
    if (last || context.now() + delay >= deadline) {
      throw unreachable(outcome.trouble + asked(outcome.retryAfter), {
        hint: 'try again later',
        reason: options.reason,
        ...outcome.details,
      });
    }
    debug(context, `${outcome.trouble}; trying again in ${Math.round(delay)} ms`);
    await (options.pause ?? pause)(delay);
  }
}

export function nameOf({ url }: HttpRequest, { service }: CallOptions): string {
  return service === url.host ? service : `${service} at ${url.host}`;
}

async function attemptOnce(
  context: Context,
  request: HttpRequest,
  deadline: number,
  name: string,
  { secrets, reason }: CallOptions,
): Promise<Outcome> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), Math.max(0, deadline - context.now()));
  try {
    const answer = await send(context, request, stop.signal);
    if (!isPassing(answer)) return { answer };
    return {
      trouble: `${name} answered ${describe(answer, secrets)}`,
      ...retryAfter(answer, context.now()),
      unheeded: answer.status === 429,
    };
  } catch (error) {
    if (stop.signal.aborted) {
      const way = via(context, request);
      throw unreachable(`${name} did not answer in time${way}`, {
        hint: 'try again later',
        reason: reason ?? (way === '' ? undefined : 'proxy'),
      });
    }
    if (!(error instanceof ConnectionError)) throw withoutSecrets(error, secrets);
    const trouble = `cannot reach ${name}: ${error.message}`;
    const details = { ...(reason && { reason }), ...error.details };
    if (!error.passing) throw unreachable(trouble, details);
    return { trouble, details };
  } finally {
    clearTimeout(timer);
  }
}

/** A bug, which debug output shows with its stack: a runtime may quote the header that it does not accept. */
function withoutSecrets(error: unknown, secrets: Secrets = []): unknown {
  if (!(error instanceof Error)) return error;
  error.message = masked(error.message, secrets);
  error.stack = masked(error.stack ?? '', secrets);
  return error;
}

/** Doubles each time, and is anything from half of that to all of it: many machines fail at once. */
function backOff(attempt: number): number {
  return firstDelay * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
}

/** In milliseconds, from seconds or a date (RFC 9110, 10.2.3). */
function retryAfter(answer: HttpAnswer, now: number): { retryAfter?: number } {
  const text = answer.header('retry-after')?.trim();
  if (!text) return {};
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(wait) ? {} : { retryAfter: Math.max(0, wait) };
}

function asked(wait: number | undefined): string {
  return wait === undefined ? '' : ` and asks to wait ${Math.ceil(wait / 1000)} s`;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
