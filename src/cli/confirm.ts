import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { ask } from './prompt.ts';

/**
 * Asks on the terminal before something is destroyed; anything but yes is no. `yes` is `--yes`: nobody is asked.
 * Throws `cancelled` as `ask` does, and `invalid-input` where there is nobody to ask.
 */
export async function confirm(context: Context, question: string, yes = false): Promise<boolean> {
  if (yes) return true;
  const terminal = context.terminal();
  if (terminal === undefined) {
    throw new HelperError(
      'invalid-input',
      `${question}? there is no terminal to answer on; say so with --yes`,
    );
  }
  const answer = await ask(terminal, `${question}? [y/N] `);
  if (/^y(es)?$/i.test(answer.trim())) return true;
  context.warn('nothing was changed');
  return false;
}
