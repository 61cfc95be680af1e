import type { JsonObject } from '../json-object.ts';

type Check<T> = (value: unknown) => value is T;
type Fields = Readonly<Record<string, Check<unknown>>>;

/** A schema for a JSON object. Fields that are not listed may have any value. */
interface Shape {
  readonly required: Fields;
  readonly optional: Fields;
}

type Typed<F extends Fields> = {
  readonly [Name in keyof F]: F[Name] extends Check<infer T> ? T : never;
};

/** The type of objects that match a shape. */
export type Shaped<S extends Shape> = Typed<S['required']> & Partial<Typed<S['optional']>>;

/** Returns true if the object matches the shape. No package is used: loading one takes longer than a `get`. */
export function hasShape<S extends Shape>(
  { required, optional }: S,
  value: JsonObject,
): value is JsonObject & Shaped<S> {
  for (const name in required) if (!required[name]?.(value[name])) return false;
  for (const name in optional) {
    if (value[name] !== undefined && !optional[name]?.(value[name])) return false;
  }
  return true;
}

export function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

/** Returns true for a time in milliseconds since 1970, or a duration. */
export function isMilliseconds(value: unknown): value is number {
  return Number.isFinite(value) && Number(value) >= 0;
}
