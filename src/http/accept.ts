import { type ErrorDetails, type ErrorReason, HelperError } from '../errors.ts';
import { type JsonObject, parseObject } from '../json-object.ts';
import { plain, type Secrets } from '../mask.ts';
import type { HttpAnswer } from './send.ts';
import { serviceCode, serviceError } from './service-error.ts';

/** Parts of the error messages about a request. */
export interface RequestLabels {
  /** The service, such as "IAM". */
  readonly service: string;
  /** The credential that the service refuses, such as "the API key of identity work". */
  readonly owner: string;
  /** The hint if the service refuses, such as "run docker-credential-icr login --identity work". */
  readonly hint: string;
  /** The secrets in the request. They are masked in messages, because a server may repeat them. */
  readonly secrets?: Secrets;
  /** The `reason` of all errors from this service. */
  readonly reason?: ErrorReason;
}

/** Returns the status, followed by the server's error text if there is one. */
export function describe(answer: HttpAnswer, secrets?: Secrets): string {
  const error = serviceError(answer.text, secrets);
  return error === undefined ? String(answer.status) : `${answer.status} (${error})`;
}

/**
 * Returns the JSON object of a successful answer. Throws `refused` if the service itself refuses. Throws `unreachable`
 * if something else answered, such as a proxy: the secret may still be valid.
 */
export function accept(answer: HttpAnswer, name: string, options: RequestLabels): JsonObject {
  const { status, text } = answer;
  const { reason } = options;
  const checkAddress = { hint: 'check that address', reason };
  const body = parseObject(text);
  if (status >= 200 && status <= 299) {
    if (body !== undefined) return body;
    const what = text.trim() === '' ? 'nothing' : 'something that is not a JSON object';
    throw unreachable(`${name} answered ${status} with ${what}`, checkAddress);
  }
  if (status >= 300 && status <= 399) {
    throw unreachable(
      `${name} redirects${redirectTarget(answer, options.secrets)}; secrets are not sent there`,
      checkAddress,
    );
  }
  if (status === 407) {
    throw unreachable(`the proxy for ${name} requires a password`, {
      reason: 'proxy',
      hint: 'set HTTPS_PROXY to http://USER:PASSWORD@HOST:PORT',
    });
  }
  if (body === undefined) {
    throw unreachable(`${name} answered ${status} without a reason`, checkAddress);
  }
  if (status >= 500) {
    const answered = describe(answer, options.secrets);
    throw unreachable(`${name} answered ${answered}`, checkAddress);
  }
  const error = serviceError(text, options.secrets) ?? String(status);
  throw new HelperError('refused', `${options.service} refused ${options.owner} (${error})`, {
    hint: options.hint || undefined,
    reason,
    serviceCode: serviceCode(text),
    serviceText: error,
  });
}

/**
 * Returns " to HOST" for a redirect. Secrets are masked before the URL is parsed: parsing makes the host lower case,
 * and an encoded secret is then no longer recognized.
 */
function redirectTarget(answer: HttpAnswer, secrets?: Secrets): string {
  const host = URL.parse(plain(answer.header('location') ?? '', secrets))?.host;
  return host ? ` to ${host}` : '';
}

/** Returns the error for a server that has not answered until the deadline. `suffix` names the proxy, if any. */
export function timedOut(name: string, suffix = '', reason?: ErrorReason): HelperError {
  return unreachable(`${name} did not answer in time${suffix}`, {
    hint: 'try again later',
    reason: reason ?? (suffix === '' ? undefined : 'proxy'),
  });
}

export function unreachable(message: string, details?: ErrorDetails): HelperError {
  return new HelperError('unreachable', message, details);
}
