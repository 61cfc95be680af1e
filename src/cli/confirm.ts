import type { Context, Terminal } from '../context.ts';
import { HelperError } from '../errors.ts';
import { ask } from './prompt.ts';

/**
 * Asks on the terminal before something is removed; anything but yes is no. `yes` is `--yes`, which skips the question.
 * Throws `cancelled` as `ask` does, and `invalid-input` without a terminal.
 */
export async function confirm(context: Context, question: string, yes = false): Promise<boolean> {
  if (yes) return true;
  const terminal = context.terminal();
  if (terminal === undefined) {
    throw new HelperError('invalid-input', `cannot ask for confirmation without a terminal`, {
      hint: `use --yes to ${question}`,
    });
  }
  if (await askYesNo(terminal, question, 'no')) return true;
  context.warn('nothing was changed');
  return false;
}

/** Enter alone means `usual`; any other answer than yes means no. Throws `cancelled` as `ask` does. */
export async function askYesNo(
  terminal: Terminal,
  question: string,
  usual: 'yes' | 'no',
): Promise<boolean> {
  const answer = await ask(terminal, `${question}? ${usual === 'yes' ? '[Y/n]' : '[y/N]'} `);
  return answer.trim() === '' ? usual === 'yes' : /^y(es)?$/i.test(answer.trim());
}
