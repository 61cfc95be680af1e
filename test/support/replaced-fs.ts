import fs from 'node:fs';

type Functions = { readonly [Name in keyof typeof fs]?: (...given: never[]) => unknown };

/**
 * Replaces functions of node:fs while `use` runs, or until its promise is settled, for faults and races that a test cannot
 * cause otherwise.
 */
export function withFs<Value>(replaced: Functions, use: () => Value): Value {
  const names = Object.keys(replaced);
  const originals = Object.fromEntries(names.map((name) => [name, Reflect.get(fs, name)]));
  Object.assign(fs, replaced);
  let result: Value | undefined;
  try {
    result = use();
    return result;
  } finally {
    const restore = () => void Object.assign(fs, originals);
    if (result instanceof Promise) result.finally(restore).catch(() => {});
    else restore();
  }
}

/** Throws an error of the system. */
export function systemError(code: string): never {
  throw Object.assign(new Error(code), { code });
}
