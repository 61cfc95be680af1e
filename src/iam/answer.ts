import { isObject, type JsonObject, parseObject } from '../json-object.ts';
import { masked } from '../mask.ts';

/** Characters that are shown, and that are looked at: a server may send a MiB. */
const longestText = 300;
const longestRead = 64 * 1024;

/** The text of a field; `undefined` where it is absent, empty or no text. */
export function textOf(object: JsonObject, name: string): string | undefined {
  const value = object[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

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

/** What was sent, and is never shown. */
export type Secrets = readonly (string | undefined)[];

/** Text from another program or server, safe to show: secrets masked, on one line, at most 300 characters. */
export function plain(text: string, secrets: Secrets = []): string {
  const line = masked(text.slice(0, longestRead), secrets)
    .replace(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
  return line.length > longestText ? `${line.slice(0, longestText)}…` : line;
}
