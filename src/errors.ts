/** The kinds of errors. Code distinguishes errors by these codes, never by their messages. */
export type ErrorCode =
  /** No source has a credential for the host; the client may continue without one. */
  | 'not-found'
  /** Invalid arguments or input; nothing was changed. */
  | 'invalid-input'
  /** A settings file or a stored secret is not in the expected format. */
  | 'damaged'
  /** A file, the credential store or standard output cannot be read or written. */
  | 'storage'
  /** The settings refer to something that does not exist, or contradict themselves. */
  | 'misconfigured'
  /** IBM Cloud rejected the request. */
  | 'refused'
  /** IBM Cloud could not be reached, or its response was invalid. */
  | 'unreachable'
  /** The user cancelled the command. */
  | 'cancelled';

/** A finer distinction within one `ErrorCode`. */
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
  /** The text of that answer, in one line. */
  readonly serviceText?: string | undefined;
}

/** An error for the user: `message` says what failed, `hint` how to fix it. */
export class HelperError extends Error {
  override readonly name = 'HelperError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly reason: ErrorReason | undefined;
  readonly serviceCode: string | undefined;
  readonly serviceText: string | undefined;

  /** Accepts the errors of all copies of this class that the executable contains (scripts/hot-chunk.ts). */
  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: subclasses inherit this method
    const { prototype } = this;
    return prototype === HelperError.prototype
      ? value instanceof Error && value.name === 'HelperError'
      : Object.prototype.isPrototypeOf.call(prototype, value as object);
  }

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.reason = details.reason;
    this.serviceCode = details.serviceCode;
    this.serviceText = details.serviceText;
  }
}

/** Returns true if IBM Cloud rejected the request. */
export function isRefused(error: unknown): error is HelperError {
  return error instanceof HelperError && error.code === 'refused';
}

/** The error for invalid arguments or input. */
export function invalidInput(message: string, hint: string): HelperError {
  return new HelperError('invalid-input', message, { hint });
}

/** Returns message and hint in one line: clients of the protocol show only one line. */
export function inOneLine({ message, hint }: HelperError): string {
  return hint === undefined ? message : `${message}; ${hint}`;
}

/**
 * The fixed error texts of the protocol. Clients compare them byte for byte, so they must not change.
 * Source: docker/docker-credential-helpers, credentials/error.go.
 */
export const protocolErrors = {
  notFound: 'credentials not found in native keychain',
  missingServerURL: 'no credentials server URL',
  missingUsername: 'no credentials username',
  /** Not Docker's: another process of this program recognizes a credential helper loop by it. */
  helperLoop: 'credential helper loop',
} as const;

/** The error for "not found". Clients get Docker's fixed text; `reason` is shown in debug output only. */
export function notFound(reason: string): HelperError {
  return new HelperError('not-found', protocolErrors.notFound, { cause: reason });
}

/** Returns the operating system's error code (`ENOENT`), or undefined for other errors. */
export function systemCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
