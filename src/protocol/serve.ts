import { type Context, debug } from '../context.ts';
import { HelperError, inOneLine } from '../errors.ts';
import { versionLine } from '../version.ts';
import { get } from './get.ts';

type Verb = (context: Context) => void | Promise<void>;

const printVersion: Verb = ({ stdout }) => {
  stdout(`${versionLine}\n`);
};

const verbs: ReadonlyMap<string, Verb> = new Map([
  ['get', get],
  ['store', async (context) => (await import('./store.ts')).store(context)],
  ['erase', async (context) => (await import('./erase.ts')).erase(context)],
  ['list', async (context) => (await import('./list.ts')).list(context)],
  ['version', printVersion],
  ['--version', printVersion],
  ['-v', printVersion],
]);

export function isProtocolVerb(word: string | undefined): word is string {
  return word !== undefined && verbs.has(word);
}

/**
 * Docker's credential-helper protocol. Returns the exit status, 0 or 1, at once where nothing has to be
 * waited for; on 1, standard output has one line that clients show, or compare with Docker's sentences.
 */
export function serve(context: Context, verb: string): 0 | 1 | Promise<0 | 1> {
  try {
    const done = verbs.get(verb)?.(context);
    return done === undefined
      ? 0
      : done.then(() => 0 as const).catch((error) => fail(context, error));
  } catch (error) {
    return fail(context, error);
  }
}

function fail(context: Context, error: unknown): 1 {
  if (!(error instanceof HelperError)) throw error;
  if (error.cause !== undefined) debug(context, String(error.cause));
  tell(context, inOneLine(error));
  return 1;
}

function tell({ stdout, warn }: Context, line: string): void {
  try {
    stdout(`${line}\n`);
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    warn(inOneLine(error));
  }
}
