export type JsonObject = Readonly<Record<string, unknown>>;

const longestText = 300;

/** `undefined` for what is not JSON, or not an object. */
export function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The text of a field; `undefined` where it is absent, empty or no text. */
export function textOf(object: JsonObject, name: string): string | undefined {
  const value = object[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/**
 * What IBM Cloud says went wrong, `BXNIM0415E: Provided API key could not be found.`, fit for one
 * line. IAM has `errorCode` and `errorMessage`; its newer services and the metadata service have a list of errors.
 */
export function serviceError(text: string, secret?: string): string | undefined {
  const body = parseObject(text);
  if (body === undefined) return undefined;
  const [first] = Array.isArray(body.errors) ? body.errors : [];
  const error = isObject(first) ? first : body;
  const said = [
    textOf(error, 'errorCode') ?? textOf(error, 'code'),
    textOf(error, 'errorMessage') ?? textOf(error, 'message'),
  ].filter((part) => part !== undefined);
  return said.length === 0 ? undefined : plain(said.join(': '), secret);
}

/** Somebody else's text made safe to show: without `secret`, without control characters, not too long. */
export function plain(text: string, secret?: string): string {
  const withoutSecret = secret ? text.replaceAll(secret, '***') : text;
  const line = withoutSecret.replace(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return line.length > longestText ? `${line.slice(0, longestText)}…` : line;
}
