import { isObject, type JsonObject, parseObject, textOf } from '../json-object.ts';
import { plain, type Secrets } from '../plain-text.ts';

/**
 * What IBM Cloud says went wrong, `BXNIM0415E: Provided API key could not be found.`, fit for one
 * line. IAM has `errorCode` and `errorMessage`; its newer services and the metadata service have a list of errors.
 */
export function serviceError(text: string, secrets: Secrets = []): string | undefined {
  const error = errorIn(text);
  if (error === undefined) return undefined;
  const said = [codeOf(error), textOf(error, 'errorMessage') ?? textOf(error, 'message')].filter(
    (part) => part !== undefined,
  );
  return said.length === 0 ? undefined : plain(said.join(': '), secrets);
}

/** The error code alone: `BXNIM0415E`, or a registry's `UNAUTHORIZED`. */
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

/** Returns true if the same request may get another answer in a moment. 501 says that it will never work. */
export function isPassing({ status }: { readonly status: number }): boolean {
  return status === 429 || (status >= 500 && status <= 599 && status !== 501);
}
