/**
 * The closed set of reasons for which the helper gives no answer. Programs may rely on the names;
 * people read the message.
 */
export type ErrorCode =
  /** Nothing here knows a credential for the host: the client may go on without one. */
  | 'not-found'
  /** What was typed or sent cannot be understood; nothing was changed. */
  | 'invalid-input'
  /** A settings file or a stored secret cannot be read as what it should be. */
  | 'damaged'
  /** The operating system refused to read or write. */
  | 'storage'
  /** The settings name something that is not there, or contradict themselves. */
  | 'misconfigured'
  /** IBM Cloud answered no. */
  | 'refused'
  /** IBM Cloud could not be reached, or its answer made no sense. */
  | 'unreachable'
  /** The person stopped the command. */
  | 'cancelled';

/** What code may distinguish within one `ErrorCode`; nothing compares messages. */
export type ErrorReason =
  /** The environment names no home directory. */
  | 'no-home'
  /** The server's certificate is not trusted. */
  | 'certificate'
  /** The request went through a proxy, or was refused by it. */
  | 'proxy'
  /** The metadata service of a VPC instance was asked, not IAM. */
  | 'metadata';

export interface ErrorDetails {
  /** The next step, one line that starts with a verb: `run docker-credential-icr login us.icr.io`. */
  readonly hint?: string | undefined;
  /** The error that led to this one; shown in debug output only. */
  readonly cause?: unknown;
  readonly reason?: ErrorReason | undefined;
  /** The error code in the answer of IAM or a registry: `BXNIM0415E`, `UNAUTHORIZED`. */
  readonly serviceCode?: string | undefined;
}

/** An error that a person can act on: `message` states what happened to what, `hint` what to type. */
export class HelperError extends Error {
  override readonly name = 'HelperError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly reason: ErrorReason | undefined;
  readonly serviceCode: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.reason = details.reason;
    this.serviceCode = details.serviceCode;
  }
}

/** Message and hint in one line, for protocol output and warnings: clients show one line only. */
export function inOneLine({ message, hint }: HelperError): string {
  return hint === undefined ? message : `${message}; ${hint}`;
}

/**
 * The fixed error texts of the protocol, which programs compare byte for byte: they are part of the wire format.
 * Source: docker/docker-credential-helpers, credentials/error.go.
 */
export const protocolErrors = {
  notFound: 'credentials not found in native keychain',
  missingServerURL: 'no credentials server URL',
  missingUsername: 'no credentials username',
  /** Not Docker's: it tells this program, at the other end of a loop of helpers, that it called itself. */
  helperLoop: 'credential helper loop',
} as const;

/**
 * The answer of `get` and `list` for an entry of our own keychain: only this program asks for one, so another credential
 * helper has called it. Like Docker's error texts it is a wire text: another process compares it byte for byte, and Go's
 * client library quotes it inside an error of its own.
 */
export const helperLoop =
  'credential helper loop: docker-credential-icr was asked for an entry of its own keychain';

/** `reason` is for the person who debugs; clients are told only that there is nothing. */
export function notFound(reason: string): HelperError {
  return new HelperError('not-found', protocolErrors.notFound, { cause: reason });
}

/** What the operating system called the failure (`ENOENT`, …), or `undefined` for other errors. */
export function systemCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
