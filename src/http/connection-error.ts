import axios from 'axios';
import { type ErrorDetails, systemCode } from '../errors.ts';

/** No answer, and whether asking again might bring one. The message is what happened, in words. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  readonly passing: boolean;
  readonly details: ErrorDetails;

  constructor(message: string, passing: boolean, details: ErrorDetails) {
    super(message);
    this.passing = passing;
    this.details = details;
  }
}

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was dropped',
  EPIPE: 'the connection was dropped',
  ERR_SOCKET_CLOSED: 'the connection was dropped',
  ETIMEDOUT: 'connecting took too long',
  EAI_AGAIN: 'the name server did not answer',
  ENOTFOUND: 'the name server does not know it',
  ENETUNREACH: 'there is no way to its network',
  EHOSTUNREACH: 'there is no way to it',
};
const passing = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ERR_SOCKET_CLOSED',
  'ETIMEDOUT',
  'EAI_AGAIN',
]);

/**
 * What to throw for what axios threw, which itself must go no further: it holds the request and its secrets. `way`
 * names the proxy, if there was one.
 */
export function connectionError(error: unknown, way: string): unknown {
  const code = systemCode(error) ?? 'of an unknown kind';
  // Anything else is no failed connection but a bug of ours, to be seen as one.
  if (!axios.isAxiosError(error)) return error;
  const details = isUntrusted(code) ? untrusted : way === '' ? {} : byProxy;
  return new ConnectionError(
    describe(code, error.message) + way,
    isPassing(code, error.message),
    details,
  );
}

const untrusted: ErrorDetails = {
  reason: 'certificate',
  hint: 'set NODE_EXTRA_CA_CERTS to a file with the certificate of your authority',
};
const byProxy: ErrorDetails = { reason: 'proxy', hint: 'check HTTPS_PROXY, or unset it' };

function isUntrusted(code: string): boolean {
  return /CERT|SIGNATURE|ERR_TLS/.test(code);
}

function describe(code: string, message: string): string {
  if (/maxContentLength/.test(message)) return 'its answer is longer than 1 MiB';
  if (isCutOff(message)) return 'its answer was cut off';
  if (isUntrusted(code)) return `its certificate is not trusted (${code})`;
  if (/^HPE_/.test(code)) return 'it does not speak HTTP';
  if (/^(EPROTO$|ERR_SSL_)/.test(code)) return 'it does not speak TLS';
  return words[code] ?? code;
}

function isPassing(code: string, message: string): boolean {
  return passing.has(code) || isCutOff(message);
}

/** What axios says when a connection ends in the middle of an answer. */
function isCutOff(message: string): boolean {
  return /stream has been aborted/.test(message);
}
