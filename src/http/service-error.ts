import { isObject, type JsonObject, parseObject, textOf } from '../json-object.ts';
import { plain, type Secrets } from '../mask.ts';

/**
 * Returns the error text of an IBM Cloud answer in one line: `BXNIM0415E: Provided API key could not be found.` IAM has
 * `errorCode` and `errorMessage`; its newer APIs and the metadata service have a list of errors.
 */
export function serviceError(text: string, secrets: Secrets = []): string | undefined {
  const error = errorIn(text);
  if (error === undefined) return undefined;
  const parts = [codeOf(error), textOf(error, 'errorMessage') ?? textOf(error, 'message')].filter(
    (part) => part !== undefined,
  );
  return parts.length === 0 ? undefined : plain(parts.join(': '), secrets);
}

/** Returns only the error code: `BXNIM0415E`, or a registry's `UNAUTHORIZED`. */
export function serviceCode(text: string): string | undefined {
  const error = errorIn(text);
  return error && codeOf(error);
}

function errorIn(text: string): JsonObject | undefined {
  const body = parseObject(text);
  if (body === undefined) return undefined;
  const [first] = Array.isArray(body.errors) ? body.errors : [];
  return isObject(first) ? first : body;
}

function codeOf(error: JsonObject): string | undefined {
  return textOf(error, 'errorCode') ?? textOf(error, 'code');
}

/** Returns true if a retry may succeed. 501 means that the server does not support the request. */
export function isTransient({ status }: { readonly status: number }): boolean {
  return status === 429 || (status >= 500 && status <= 599 && status !== 501);
}
