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

/** An error that a person can act on: one line saying what happened, to what, and what to type. */
export class HelperError extends Error {
  override readonly name = 'HelperError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/**
 * Docker's fixed sentences. Clients compare them byte for byte: they are part of the wire format.
 * Source: docker/docker-credential-helpers, credentials/error.go.
 */
export const sentences = {
  notFound: 'credentials not found in native keychain',
  missingServerURL: 'no credentials server URL',
  missingUsername: 'no credentials username',
} as const;

/** `reason` is for the person who debugs; clients are told only that there is nothing. */
export function notFound(reason: string): HelperError {
  return new HelperError('not-found', sentences.notFound, reason);
}

/** What the operating system called the failure (`ENOENT`, …), or `undefined` for other errors. */
export function systemCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
