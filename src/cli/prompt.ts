import readline from 'node:readline';
import { Writable } from 'node:stream';
import type { Terminal } from '../context.ts';
import { HelperError } from '../errors.ts';
import { visible } from '../visible.ts';

export interface PromptOptions {
  /** Nothing of the answer is shown. */
  readonly hidden?: boolean;
}

/** Asks for one line. Throws `cancelled` on Ctrl-C, and on Ctrl-D where nothing was typed. */
export async function ask(
  { input, output }: Terminal,
  question: string,
  { hidden = false }: PromptOptions = {},
): Promise<string> {
  const prompt = visible(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const shown = hidden ? { output: nowhere, terminal: true } : { output };
  const editor = readline.createInterface({ input, ...shown, historySize: 0 });
  // Suspended here, it would come back to a terminal that neither echoes nor listens.
  editor.on('SIGTSTP', () => {});
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
    // The Enter was not shown either.
    if (hidden) output.write('\n');
  }
}
