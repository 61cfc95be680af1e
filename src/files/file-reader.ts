import type { Context, Files } from '../context.ts';

/** The file reader on `node:fs`, which is loaded when the first file is read. */
export const nodeFiles: Files = {
  read: async (context: Context, file, kind) => {
    const { readPrivate, rulesFor } = await import('./private-read.ts');
    return readPrivate(context, file, rulesFor[kind]);
  },
  isPresent: async (context, file) => (await import('./private-read.ts')).isPresent(context, file),
};
