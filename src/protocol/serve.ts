import { type Context, debug } from '../context.ts';
import { HelperError, inOneLine } from '../errors.ts';
import { versionLine } from '../program-name.ts';
import { visible } from '../visible.ts';
import { get } from './get.ts';

/** Returns the answer, which is written to standard output. Throws `HelperError`. */
type Answer = (context: Context, args: readonly string[]) => string | Promise<string>;

export interface MachineCommand {
  readonly answer: Answer;
  /** Docker's clients read an error from standard output; the kubelet logs standard error. */
  readonly errorsOn: 'stdout' | 'stderr';
  /** The verb, if it reads standard input. */
  readonly reads?: Reader;
}

type Reader = 'get' | 'store' | 'erase' | 'kubelet';

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

/** Returns undefined for any other command, for a request for help, and for `store` with an argument: `store move`. */
export function protocolVerb(words: readonly string[]): MachineCommand | undefined {
  const [word = '', option] = words;
  const answer = verbs.get(word);
  if (answer === undefined) return undefined;
  if (option !== undefined && (word === 'store' || wantsHelp(words))) return undefined;
  const isReader = word === 'get' || word === 'store' || word === 'erase';
  return isReader ? { answer, errorsOn: 'stdout', reads: word } : { answer, errorsOn: 'stdout' };
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
  { answer, errorsOn, reads }: MachineCommand,
  args: readonly string[] = [],
): Promise<0 | 1> {
  const cancelNotice = reads === undefined ? undefined : noticeInput(context, reads, args);
  try {
    await context.answer(await answer(context, args));
    return 0;
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    if (error.cause !== undefined) debug(context, String(error.cause));
    if (errorsOn === 'stderr') context.warn(error.message, error.hint);
    else await answerError(context, error);
    return 1;
  } finally {
    cancelNotice?.();
  }
}

const inputs: Readonly<Record<Reader, readonly [input: string, hint: string]>> = {
  get: ['a host', 'run echo us.icr.io | docker-credential-icr get'],
  store: ['a credential in JSON', 'run docker-credential-icr login to log in'],
  erase: ['a host', 'run docker-credential-icr logout to log out'],
  kubelet: ['a CredentialProviderRequest in JSON', 'see docker-credential-icr kubelet --help'],
};

/**
 * Prints a notice that standard input is read: at once if a user typed arguments, else after a while if standard input is a
 * terminal. Returns a function that cancels the notice.
 */
function noticeInput(
  context: Context,
  reads: Reader,
  args: readonly string[],
): (() => void) | undefined {
  const notice = () => {
    const [input, hint] = inputs[reads];
    context.warn(`${reads} reads ${input} from standard input`, hint);
  };
  // The kubelet passes arguments.
  if (args.length === 0 || reads === 'kubelet') return context.onTerminalInput?.(notice);
  notice();
  return undefined;
}

async function answerError(context: Context, error: HelperError): Promise<void> {
  try {
    await context.answer(`${visible(inOneLine(error))}\n`);
  } catch (cannotAnswer) {
    if (!(cannotAnswer instanceof HelperError)) throw cannotAnswer;
    context.warn(cannotAnswer.message, cannotAnswer.hint);
  }
}
