import { type Context, debug } from '../context.ts';
import { HelperError, inOneLine } from '../errors.ts';
import { versionLine } from '../version.ts';
import { visible } from '../visible.ts';
import { get } from './get.ts';

/** Returns the answer, which is written to standard output. Throws `HelperError`. */
type Answer = (context: Context, args: readonly string[]) => string | Promise<string>;

export interface MachineCommand {
  readonly answer: Answer;
  /** Docker's clients read an error from standard output; the kubelet logs standard error. */
  readonly errorsOn: 'stdout' | 'stderr';
}

const version: Answer = () => `${versionLine}\n`;

/** Docker's protocol verbs. */
const verbs: ReadonlyMap<string, Answer> = new Map([
  ['get', get],
  ['store', async (context) => (await import('./store.ts')).store(context)],
  ['erase', async (context) => (await import('./erase.ts')).erase(context)],
  ['list', async (context) => (await import('./list.ts')).list(context)],
  ['version', version],
  ['--version', version],
  ['-v', version],
]);

/** Returns undefined for any other command, and for a request for help. */
export function protocolVerb(words: readonly string[]): MachineCommand | undefined {
  const [word = '', option] = words;
  if (wantsHelp(words) || (word === 'store' && option === 'move')) return undefined;
  const answer = verbs.get(word);
  return answer && { answer, errorsOn: 'stdout' };
}

export function wantsHelp(words: readonly string[]): boolean {
  return words.includes('--help') || words.includes('-h');
}

/**
 * Runs a machine command. Returns the exit status, 0 or 1; on 1, standard output has one line, which clients show or
 * compare with Docker's fixed error texts.
 */
export async function serve(
  context: Context,
  { answer, errorsOn }: MachineCommand,
  args: readonly string[] = [],
): Promise<0 | 1> {
  try {
    await context.answer(await answer(context, args));
    return 0;
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    if (error.cause !== undefined) debug(context, String(error.cause));
    if (errorsOn === 'stderr') context.warn(error.message, error.hint);
    else await answerError(context, error);
    return 1;
  }
}

async function answerError(context: Context, error: HelperError): Promise<void> {
  try {
    await context.answer(`${visible(inOneLine(error))}\n`);
  } catch (cannotAnswer) {
    if (!(cannotAnswer instanceof HelperError)) throw cannotAnswer;
    context.warn(cannotAnswer.message, cannotAnswer.hint);
  }
}
