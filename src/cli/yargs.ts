import { format } from 'node:util';
import type yargsFactory from 'yargs';
// @ts-expect-error: yargs has no types for its parts, and exports them only as one whole.
import { YargsFactory } from '../../node_modules/yargs/build/lib/yargs-factory.js';
// @ts-expect-error: see above.
import nodeShim from '../../node_modules/yargs/lib/platform-shims/esm.mjs';

/** Texts stay as they are in the source of yargs; its own implementation reads `/locales/en.json` if it is compiled. */
const english = {
  __: (text: string, ...values: readonly unknown[]) => format(text, ...values),
  __n: (one: string, other: string, count: number, ...values: readonly unknown[]) => {
    const text = count === 1 ? one : other;
    return format(text, ...(text.includes('%d') ? [count] : []), ...values);
  },
  getLocale: () => 'en',
  setLocale: () => {},
  updateLocale: () => {},
};

/**
 * yargs without access to files and to the environment: as published it reads a locale file in the root directory and
 * the `package.json` of the current directory and of those above, and `SHELL` changes what it completes.
 */
export const yargs: typeof yargsFactory = YargsFactory({
  ...nodeShim,
  y18n: english,
  getEnv: () => undefined,
  findUp: () => undefined,
  readFileSync: () => '',
  readdirSync: () => [],
});
