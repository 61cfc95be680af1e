/** The part of Bun's module that scripts/bench/memory.ts uses. */
declare module 'bun:ffi' {
  interface Signature {
    readonly args: readonly string[];
    readonly returns: string;
  }
  export function dlopen<Name extends string>(
    library: string,
    functions: Readonly<Record<Name, Signature>>,
  ): { readonly symbols: Record<Name, (...args: unknown[]) => number> };
}
