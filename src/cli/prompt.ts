import readline from 'node:readline';
import { Writable } from 'node:stream';
import type tty from 'node:tty';
import type { Context, Terminal } from '../context.ts';
import { HelperError } from '../errors.ts';
import { visible } from '../visible.ts';
import { wrap } from '../wrap.ts';

/** Space that is left for the answer on the line of the question. */
const minAnswerLength = 4;

interface PromptOptions {
  /** If true, the answer is not echoed. */
  readonly hidden?: boolean;
  /** Ends the prompt as if it had been cancelled. */
  readonly signal?: AbortSignal;
}

/** Asks for one line. Throws `cancelled` on Ctrl-C, and on Ctrl-D if nothing was typed. */
export async function ask(
  { input, output }: Terminal,
  question: string,
  { hidden = false, signal }: PromptOptions = {},
): Promise<string> {
  const width = (output as Partial<tty.WriteStream>).columns || Number.POSITIVE_INFINITY;
  const lines = wrap(visible(question), width - minAnswerLength);
  const prompt = lines.pop() ?? '';
  for (const line of lines) output.write(`${line}\n`);
  const discard = new Writable({ write: (_chunk, _encoding, done) => done() });
  const outputOptions = hidden ? { output: discard, terminal: true } : { output };
  const editor = readline.createInterface({ input, ...outputOptions, historySize: 0 });
  // Ctrl-Z is ignored: after a suspension, the terminal would neither echo nor accept input.
  editor.on('SIGTSTP', () => {});
  signal?.addEventListener('abort', () => editor.close(), { once: true });
  if (hidden) output.write(prompt);
  else editor.setPrompt(prompt);
  editor.prompt();
  try {
    return await new Promise<string>((resolve, reject) => {
      const cancel = () => reject(new HelperError('cancelled', 'cancelled, nothing was changed'));
      editor.once('line', resolve).once('SIGINT', cancel).once('close', cancel);
    });
  } catch (error) {
    if (!hidden) output.write('\n');
    throw error;
  } finally {
    editor.close();
    // The line feed of a hidden answer was not echoed.
    if (hidden) output.write('\n');
  }
}

/** Asks a yes/no question. Enter alone selects the default; any other answer than yes means no. Throws like `ask`. */
export async function askYesNo(
  terminal: Terminal,
  question: string,
  defaultAnswer: 'yes' | 'no',
): Promise<boolean> {
  const answer = await ask(
    terminal,
    `${question}? ${defaultAnswer === 'yes' ? '[Y/n]' : '[y/N]'} `,
  );
  return answer.trim() === '' ? defaultAnswer === 'yes' : /^y(es)?$/i.test(answer.trim());
}

/**
 * Asks for confirmation before `action`, unless `yes` (the option `--yes`) is set. Returns false and warns if it was
 * declined. Throws like `ask`, and `invalid-input` without a terminal.
 */
export async function confirm(context: Context, action: string, yes = false): Promise<boolean> {
  if (yes) return true;
  const terminal = context.terminal();
  if (terminal === undefined) {
    throw new HelperError('invalid-input', `cannot ask for confirmation without a terminal`, {
      hint: `use --yes to ${action}`,
    });
  }
  if (await askYesNo(terminal, action, 'no')) return true;
  context.warn('nothing was changed');
  return false;
}
