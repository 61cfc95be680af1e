import type { Context } from '../context.ts';

/**
 * Reads our small text files. The one that Bun has (`bun-reader.ts`) is faster and knows only the usual kind of file;
 * for every other kind it calls the one on `node:fs`. No caller knows which of the two it has.
 */
export interface Files {
  /**
   * The text of a file that only its owner may read, `undefined` if it does not exist. Throws `storage` for a file or
   * directory that cannot be read or trusted. Warnings go to `context.warn`.
   */
  readonly read: (context: Context, file: string) => Promise<string | undefined>;
}

/** On `node:fs`, which is loaded when the first file is read. */
export const nodeFiles: Files = {
  read: async (context, file) => {
    const { readPrivate } = await import('./private-read.ts');
    return readPrivate(context, file);
  },
};
