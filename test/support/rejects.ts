import * as assert from 'uvu/assert';
import { type ErrorCode, HelperError, inOneLine } from '../../src/errors.ts';

/** Waits for `promise` to fail with a HelperError of this code; its message and hint match `pattern`. */
export async function rejects(
  promise: Promise<unknown>,
  code: ErrorCode,
  pattern?: RegExp,
): Promise<HelperError> {
  try {
    await promise;
  } catch (error) {
    return expectHelperError(error, code, pattern);
  }
  throw new Error(`expected an error with the code ${code}`);
}

/** Waits for `promise` to fail with a HelperError, and returns the error. */
export async function failureOf(promise: Promise<unknown>): Promise<HelperError> {
  const error = await promise.catch((reason: unknown) => reason);
  if (!(error instanceof HelperError)) throw new Error(`no HelperError: ${String(error)}`);
  return error;
}

/** Does the same as `rejects` for a synchronous function. */
export function fails(action: () => unknown, code: ErrorCode, pattern?: RegExp): HelperError {
  try {
    action();
  } catch (error) {
    return expectHelperError(error, code, pattern);
  }
  throw new Error(`expected an error with the code ${code}`);
}

function expectHelperError(error: unknown, code: ErrorCode, pattern?: RegExp): HelperError {
  if (!(error instanceof HelperError)) throw error;
  assert.is(error.code, code, error.message);
  if (pattern !== undefined) assert.match(inOneLine(error), pattern);
  return error;
}
