export type JsonObject = Readonly<Record<string, unknown>>;

/** Returns the object in a JSON text; undefined if it is not JSON, or not an object. */
export function parseObject(text: string): JsonObject | undefined {
  const value = objectOrProblem(text);
  return typeof value === 'string' ? undefined : value;
}

/** Returns the object in a JSON text, or the problem. The parser's message would quote the text, and with it a secret. */
export function objectOrProblem(text: string): JsonObject | 'not JSON' | 'not a JSON object' {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : 'not a JSON object';
  } catch {
    return 'not JSON';
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns true for a string that is not empty. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** Returns the value of a field; undefined if it is absent, empty or not a string. */
export function textOf(object: JsonObject, name: string): string | undefined {
  const value = object[name];
  return isText(value) ? value : undefined;
}

/** Returns the object's own property, because a host may be called `constructor`. */
export function own<Value>(table: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
