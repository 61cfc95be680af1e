import { HelperError } from '../errors.ts';
import { type JsonObject, parseObject } from '../json-object.ts';
import { plain, type Secrets, serviceError } from './answer.ts';
import type { HttpAnswer } from './http.ts';

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
  const body = parseObject(text);
  if (status >= 200 && status <= 299) {
    if (body !== undefined) return body;
    const what = text.trim() === '' ? 'nothing' : 'something that is not a JSON object';
    throw unreachable(`${name} answered ${status} with ${what}; is that the right address?`);
  }
  if (status >= 300 && status <= 399) {
    throw unreachable(
      `${name} sends us on${target(answer, options.secrets)}, where no secret goes; check its address`,
    );
  }
  if (status === 407) {
    throw unreachable(
      `the proxy on the way to ${name} asks for a password; put it into HTTPS_PROXY`,
    );
  }
  if (body === undefined) {
    throw unreachable(`${name} answered ${status} without saying why; is that the right address?`);
  }
  if (status >= 500) {
    const answered = describe(answer, options.secrets);
    throw unreachable(`${name} answered ${answered}; is that the right address?`);
  }
  const reason = serviceError(text, options.secrets) ?? String(status);
  throw new HelperError(
    'refused',
    `${options.service} refused ${options.owner} (${reason}); ${options.hint}`,
  );
}

/** Masked before it is parsed: a URL's host is in lower case, in which an encoding cannot be recognized. */
function target(answer: HttpAnswer, secrets?: Secrets): string {
  const host = URL.parse(plain(answer.header('location') ?? '', secrets))?.host;
  return host ? ` to ${host}` : '';
}

/** The error of a server that has not answered when the deadline passes. `way` names the proxy, if there is one. */
export function timedOut(name: string, way = ''): HelperError {
  return unreachable(`${name} did not answer in time${way}; try again later`);
}

export function unreachable(message: string): HelperError {
  return new HelperError('unreachable', message);
}
