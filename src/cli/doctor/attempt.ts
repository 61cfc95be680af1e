import { HelperError, systemCode } from '../../errors.ts';
import { cannot } from '../../files/storage-error.ts';

/**
 * Returns the result of `read`, or its `HelperError`. Errors of the file system are converted, so that an unexpected kind
 * of file does not stop the other checks.
 */
export async function attempt<Value>(
  read: () => Value | Promise<Value>,
): Promise<Value | HelperError> {
  try {
    return await read();
  } catch (error) {
    return toHelperError(error);
  }
}

function toHelperError(error: unknown): HelperError {
  if (error instanceof HelperError) return error;
  if (systemCode(error) === undefined) throw error;
  const { path = 'a file' } = error as NodeJS.ErrnoException;
  return cannot('read', path, error);
}
