import axios, { AxiosError } from 'axios';
import { type ErrorDetails, systemCode } from '../errors.ts';

/** A request without an answer. The message describes the cause. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  /** True if a retry may succeed. */
  readonly isTransient: boolean;
  readonly details: ErrorDetails;

  constructor(message: string, isTransient: boolean, details: ErrorDetails) {
    super(message);
    this.isTransient = isTransient;
    this.details = details;
  }
}

const messages: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was dropped',
  EPIPE: 'the connection was dropped',
  ERR_SOCKET_CLOSED: 'the connection was dropped',
  ETIMEDOUT: 'the connection timed out',
  EAI_AGAIN: 'the DNS server did not answer',
  ENOTFOUND: 'its host name was not found in DNS',
  ENETUNREACH: 'its network is unreachable',
  EHOSTUNREACH: 'no route to the host',
};
const transientCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ERR_SOCKET_CLOSED',
  'ETIMEDOUT',
  'EAI_AGAIN',
]);

const { ERR_BAD_RESPONSE: invalidAnswer } = AxiosError;

export const usualAnswerBytes = 1024 * 1024;

/**
 * Properties of a request that have precedence over the environment: it uses no proxy, or trusts only this certificate
 * authority.
 */
interface Fixed {
  readonly direct?: boolean;
  readonly authority?: string;
  readonly maxAnswerBytes?: number;
}

/**
 * Converts an error of axios into a ConnectionError. The original must not be thrown: it contains the request and its
 * secrets. `throughProxy` is added to the message. Returns other errors unchanged: they are bugs.
 */
export function connectionError(error: unknown, throughProxy: string, fixed: Fixed = {}): unknown {
  if (!axios.isAxiosError(error)) return error;
  const code = systemCode(error) ?? 'unknown error';
  const isTransient = transientCodes.has(code) || isCutOff(error);
  const direct = isTransient ? {} : directDetails(code, fixed);
  const details = isUntrusted(code) ? untrusted(fixed) : throughProxy === '' ? direct : byProxy;
  const description = describe(code, isCutOff(error), fixed);
  return new ConnectionError(description + throughProxy, isTransient, details);
}

function untrusted({ authority }: Fixed): ErrorDetails {
  const hint =
    authority === undefined
      ? 'set NODE_EXTRA_CA_CERTS to a file with the certificate of your certificate authority'
      : 'check that address; only the certificate authority of that service is trusted';
  return { reason: 'certificate', hint };
}

const byProxy: ErrorDetails = { reason: 'proxy', hint: 'check HTTPS_PROXY, or unset it' };

/** Returns the hint for a connection without a proxy that a retry does not fix. */
function directDetails(code: string, { direct }: Fixed): ErrorDetails {
  const subject = networkSubjects[code];
  if (subject === undefined) return { hint: 'check that address' };
  if (direct) return { hint: `check ${subject}` };
  return { hint: `check ${subject}, or set HTTPS_PROXY if your network requires a proxy` };
}

/** Subjects of the hint, by error code. */
const networkSubjects: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the host name and your DNS server',
  ENETUNREACH: 'your network connection',
  EHOSTUNREACH: 'your network connection',
};

function isUntrusted(code: string): boolean {
  return /CERT|SIGNATURE|ERR_TLS/.test(code);
}

function describe(
  code: string,
  wasCutOff: boolean,
  { maxAnswerBytes = usualAnswerBytes }: Fixed,
): string {
  if (wasCutOff) return 'its answer was cut off';
  if (code === invalidAnswer) {
    return `its answer is longer than ${maxAnswerBytes / usualAnswerBytes} MiB`;
  }
  if (isUntrusted(code)) return `its certificate is not trusted (${code})`;
  if (/^HPE_/.test(code)) return 'it does not speak HTTP';
  if (/^(EPROTO$|ERR_SSL_)/.test(code)) return 'it does not speak TLS';
  return messages[code] ?? code;
}

/**
 * Returns true if the connection was closed during the answer. axios has one code for this and for an answer that exceeds
 * `maxContentLength`, but only this error has a response.
 */
function isCutOff({ code, response }: AxiosError): boolean {
  return code === invalidAnswer && response !== undefined;
}
