import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { program } from '../program-name.ts';
import type { Command, CommandEntry, CommandGroup } from './command.ts';
import { commands } from './commands.ts';
import { explainUsage, type UsageError, unknownCommand } from './usage-error.ts';

function wordsBeforeDashes(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  return end < 0 ? argv : argv.slice(0, end);
}

/** `help` itself and Docker's protocol verbs: their help is the overview. */
const overviewTopics = ['help', 'get', 'erase', 'list', 'version'];

/**
 * Returns the words of the command whose help is requested; an empty array for the overview. Returns undefined if no help
 * is requested.
 */
export function helpTopic(argv: readonly string[]): readonly string[] | undefined {
  const words = wordsBeforeDashes(argv);
  const isHelp = words[0] === 'help';
  if (!isHelp && !words.includes('--help') && !words.includes('-h')) return undefined;
  const names = words.slice(isHelp ? 1 : 0).filter((word) => !word.startsWith('-'));
  return overviewTopics.includes(names[0] ?? '') ? [] : names;
}

/** Returns an error if the command is missing or unknown. yargs would suggest similar names, but no synonyms. */
export function unknownWord(argv: readonly string[]): UsageError | undefined {
  const [word, second] = argv;
  if (word === undefined || word === '--') return missing(word);
  if (word.startsWith('-')) return undefined;
  const entry = entryNamed(commands, word);
  if (entry === undefined) return unknownCommand(word, commands.map(nameOf));
  if (!('commands' in entry) || second?.startsWith('-')) return undefined;
  if (second === undefined) {
    return { message: `${word} needs a command`, hint: `see docker-credential-icr ${word} --help` };
  }
  const isKnown = entryNamed(entry.commands, second) !== undefined;
  return isKnown ? undefined : unknownCommand(second, entry.commands.map(nameOf), word);
}

export function missing(word?: string): UsageError {
  const where = word === undefined ? '' : ' before --';
  return { message: `a command is missing${where}`, hint: 'see docker-credential-icr --help' };
}

/** The interactive commands of `docker-credential-icr-NAME`: they change nothing. */
const readingCommands = ['status', 'doctor', 'explain', 'token', 'exec', 'completion', 'kubelet'];

/** Throws `invalid-input` for another command: most of them would change all identities, not only this one. */
export function requireReadingCommand({ identity }: Context, argv: readonly string[]): void {
  const [command = ''] = argv;
  const isAllowed = command.startsWith('-') || readingCommands.includes(command);
  if (identity === undefined || isAllowed) return;
  throw new HelperError('invalid-input', `${program}-${identity} cannot run ${command}`, {
    hint: `run ${program} ${command}`,
  });
}

/** The commands that are typed, with their modules. */
export type Loaded = ReadonlyMap<CommandEntry, Command<never>>;

/** Converts the message of an error that yargs has thrown for these words. */
export function usageErrorOf(message: string, argv: readonly string[], loaded: Loaded): UsageError {
  const words = wordsBeforeDashes(argv);
  const top = entryNamed(commands, words[0] ?? '');
  const sub = top && 'commands' in top ? entryNamed(top.commands, words[1] ?? '') : undefined;
  const name = [top, sub].flatMap((entry) => (entry === undefined ? [] : nameOf(entry)));
  const entry = sub ?? top;
  const command = entry && !('commands' in entry) ? loaded.get(entry) : undefined;
  const options = Object.entries(command?.options ?? {});
  const names = options.flatMap(([option, { alias }]) => [option, alias ?? option]);
  return explainUsage(message, words, name.join(' '), names);
}

export function entryNamed<Entry extends CommandEntry | CommandGroup>(
  entries: readonly Entry[],
  word: string,
): Entry | undefined {
  return entries.find((entry) => nameOf(entry) === word);
}

/** Returns the first word of the usage: `login` for `login [hosts..]`. */
export function nameOf({ usage }: CommandEntry | CommandGroup): string {
  return usage.replace(/ .*/, '');
}
