import { type Context, deadlineOf, debug, sleep } from '../context.ts';
import type { ErrorDetails } from '../errors.ts';
import type { JsonObject } from '../json-object.ts';
import { masked, type Secrets } from '../mask.ts';
import { accept, describe, type RequestLabels, timedOut, unreachable } from './accept.ts';
import { ConnectionError } from './connection-error.ts';
import { type HttpAnswer, type HttpRequest, send, throughProxy } from './send.ts';
import { isTransient } from './service-error.ts';

/** The timeout of a request, including all retries. */
export const requestTimeoutMs = 10_000;

export interface CallOptions extends RequestLabels {
  /** The deadline by the context's clock; by default `requestTimeoutMs` from now, or the command's deadline. */
  readonly deadline?: number;
  /** Waits between two attempts; tests pass their own. */
  readonly pause?: (milliseconds: number) => Promise<void>;
  /** The request is not idempotent: it is not retried if the server may have processed it. */
  readonly sendOnce?: boolean;
}

/** The same number as in IBM's SDKs. */
const maxAttempts = 5;
const initialDelayMs = 300;

/** The result of one attempt: a final answer, or the reason for a retry. */
type Outcome =
  | { readonly answer: HttpAnswer }
  | {
      readonly problem: string;
      readonly details?: ErrorDetails;
      readonly retryAfterMs?: number;
      /** The server did not process the request. */
      readonly isUnprocessed?: boolean;
    };

const noInstance: ErrorDetails = {
  reason: 'metadata',
  hint: 'check that this machine is a VPC instance with the metadata service enabled',
};

/** Sends a request and returns the JSON object of the answer. Throws `refused` or `unreachable`. */
export async function requestJson(
  context: Context,
  request: HttpRequest,
  options: CallOptions,
): Promise<JsonObject> {
  return accept(await requestAnswer(context, request, options), nameOf(request, options), options);
}

/**
 * Sends a request and returns the answer with its status. Retries dropped and refused connections and the statuses 429,
 * 500 and 502 to 599. Throws `unreachable` after the last attempt, at the deadline, or at once if the server requests a
 * longer wait.
 */
export async function requestAnswer(
  context: Context,
  request: HttpRequest,
  options: CallOptions,
): Promise<HttpAnswer> {
  const deadline = options.deadline ?? deadlineOf(context, requestTimeoutMs);
  const name = nameOf(request, options);
  if (context.now() >= deadline) {
    throw unreachable(`no time was left for a request to ${name}`, { reason: options.reason });
  }
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await attemptOnce(context, request, deadline, name, options);
    if ('answer' in outcome) return outcome.answer;
    const delayMs = Math.max(backoffMs(attempt), outcome.retryAfterMs ?? 0);
    const isLast = attempt === maxAttempts || (options.sendOnce && !outcome.isUnprocessed);
    if (isLast || context.now() + delayMs >= deadline) {
      throw unreachable(outcome.problem + requestedWait(outcome.retryAfterMs), {
        hint: 'try again later',
        reason: options.reason,
        ...outcome.details,
      });
    }
    debug(context, `${outcome.problem}; retrying in ${Math.round(delayMs)} ms`);
    await (options.pause ?? sleep)(delayMs);
  }
}

/** Returns the service with its host, for messages. */
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
  // At most the usual timeout: the system's clock may have been set back.
  const limitMs = Math.min(deadline - context.now(), requestTimeoutMs);
  const timer = setTimeout(() => stop.abort(), Math.max(0, limitMs));
  try {
    const answer = await send(context, request, stop.signal);
    if (!isTransient(answer)) return { answer };
    return {
      problem: `${name} answered ${describe(answer, secrets)}`,
      ...retryAfter(answer, context.now()),
      isUnprocessed: answer.status === 429,
    };
  } catch (error) {
    if (stop.signal.aborted) throw timedOut(name, throughProxy(context, request), reason);
    if (!(error instanceof ConnectionError)) throw withoutSecrets(error, secrets);
    const problem = `cannot reach ${name}: ${error.message}`;
    const details = reason === 'metadata' ? noInstance : error.details;
    if (!error.isTransient) throw unreachable(problem, details);
    return { problem, details };
  } finally {
    clearTimeout(timer);
  }
}

/** Masks secrets in an unexpected error, whose stack is debug output: a runtime may quote an invalid header. */
function withoutSecrets(error: unknown, secrets: Secrets = []): unknown {
  if (!(error instanceof Error)) return error;
  error.message = masked(error.message, secrets);
  error.stack = masked(error.stack ?? '', secrets);
  return error;
}

/** Returns an exponential backoff with up to 50% jitter, because many machines can fail at the same time. */
function backoffMs(attempt: number): number {
  return initialDelayMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
}

/** Parses the `Retry-After` header, which has seconds or a date (RFC 9110, 10.2.3). */
function retryAfter(answer: HttpAnswer, now: number): { retryAfterMs?: number } {
  const text = answer.header('retry-after')?.trim();
  if (!text) return {};
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(waitMs) ? {} : { retryAfterMs: Math.max(0, waitMs) };
}

function requestedWait(waitMs: number | undefined): string {
  return waitMs === undefined ? '' : ` and asks to wait ${Math.ceil(waitMs / 1000)} s`;
}
