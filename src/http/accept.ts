import { type ErrorDetails, type ErrorReason, HelperError } from '../errors.ts';
import { type JsonObject, parseObject } from '../json-object.ts';
import { plain, type Secrets } from '../plain-text.ts';
import type { HttpAnswer } from './send.ts';
import { serviceCode, serviceError } from './service-error.ts';

/** Who was asked, and for whom: what a message about an answer has to name. */
export interface Asked {
  /** "IAM" */
  readonly service: string;
  /** What is refused when the answer is no: "the API key of identity work". */
  readonly owner: string;
  /** What a person can do about a refusal: "run docker-credential-icr login --identity work". */
  readonly hint: string;
  /** In the request, and therefore masked in messages if the server repeats them. */
  readonly secrets?: Secrets;
  /** Of every error of this service. */
  readonly reason?: ErrorReason;
}

/** The status, and what the server said with it. */
export function describe(answer: HttpAnswer, secrets?: Secrets): string {
  const said = serviceError(answer.text, secrets);
  return said === undefined ? String(answer.status) : `${answer.status} (${said})`;
}

/**
 * The JSON object of a good answer. `refused` where the service itself says no; `unreachable` where the answer is
 * none of its own making: then the secret may be as good as ever.
 */
export function accept(answer: HttpAnswer, name: string, options: Asked): JsonObject {
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
      `${name} redirects${target(answer, options.secrets)}; secrets are not sent there`,
      checkAddress,
    );
  }
  if (status === 407) {
    throw unreachable(`the proxy on the way to ${name} requires a password`, {
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
  const said = serviceError(text, options.secrets) ?? String(status);
  throw new HelperError('refused', `${options.service} refused ${options.owner} (${said})`, {
    hint: options.hint || undefined,
    reason,
    serviceCode: serviceCode(text),
  });
}

/** Masked before it is parsed: a URL's host is in lower case, in which an encoding cannot be recognized. */
function target(answer: HttpAnswer, secrets?: Secrets): string {
  const host = URL.parse(plain(answer.header('location') ?? '', secrets))?.host;
  return host ? ` to ${host}` : '';
}

export function unreachable(message: string, details?: ErrorDetails): HelperError {
  return new HelperError('unreachable', message, details);
}
