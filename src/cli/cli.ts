import type { Argv, FallbackCompletionFunction } from 'yargs';
import { type Context, debug } from '../context.ts';
import { HelperError, systemCode } from '../errors.ts';
import { version } from '../version.ts';
import { visible, visibleLines } from '../visible.ts';
import type { Command, CommandEntry, CommandGroup } from './command.ts';
import { commands } from './commands.ts';
import {
  entryNamed,
  helpTopic,
  missing,
  nameOf,
  unknownWord,
  wordsBeforeDashes,
} from './typed-command.ts';
import { explainUsage, type UsageError } from './usage-error.ts';
import { lineFor } from './wrap.ts';
import { yargs } from './yargs.ts';

/** The exit status for wrong arguments of an interactive command. */
const usageError = 2;
/** What a shell reports for a program that Ctrl-C ended. */
const cancelled = 130;
/** What a shell reports for a program that wrote to a closed pipe (SIGPIPE). */
const closedPipe = 141;

/** A host, an identity or a word for exec may look like a number, and stays as it was typed. */
const asTyped = {
  'populate--': true,
  'parse-numbers': false,
  'parse-positional-numbers': false,
  // An option takes one word each time that it is given.
  'greedy-arrays': false,
};

/** Runs the chosen command. Called after the parsing, so that its errors and usage errors stay apart. */
type Chosen = () => Promise<number>;
type Loaded = ReadonlyMap<CommandEntry, Command<never>>;

/** The commands that people type. Returns the exit status. */
export async function runInteractive(given: Context, argv: readonly string[]): Promise<number> {
  // Settings, registries and IAM choose names: none of them may control the terminal.
  let hasWarned = false;
  const context: Context = {
    ...given,
    stdout: (text) => given.stdout(visibleLines(text)),
    warn: (line, hint) => {
      hasWarned = true;
      warnOnScreen(given, line, hint);
    },
  };
  try {
    return await run(context, argv);
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    // The reader of a pipe has ended, as `head` does. A command that was interrupted in its work has warned of that.
    if (isClosedPipe(error) && !hasWarned) return closedPipe;
    return explain(context, error);
  }
}

/** Breaks a long message at spaces; the hint is a command to copy and stays whole. */
function warnOnScreen({ errorScreen, warn }: Context, line: string, hint?: string): void {
  const screen = errorScreen?.();
  if (screen === undefined) {
    warn(line, hint);
    return;
  }
  const second = hint === undefined ? '' : `hint: ${visible(hint)}\n`;
  screen.write(`${lineFor(screen, `docker-credential-icr: ${visible(line)}`)}${second}`);
}

function isClosedPipe({ cause }: HelperError): boolean {
  return systemCode(cause) === 'EPIPE';
}

async function run(context: Context, argv: readonly string[]): Promise<number> {
  const isCompletion = argv.includes('--get-yargs-completions');
  const topic = isCompletion ? undefined : helpTopic(argv);
  if (topic !== undefined) return showHelp(context, topic);
  const unknown = isCompletion ? undefined : unknownWord(argv);
  if (unknown !== undefined) return refuse(context, unknown);
  let chosen: Chosen | undefined;
  const parser = emptyParser();
  if (isCompletion) await completeNames(context, parser, argv);
  const loaded = await loadNamed(argv);
  addCommands(context, parser, commands, loaded, (run) => {
    chosen = run;
  });
  try {
    await parser.parseAsync([...argv], {}, (_error, _args, output) => {
      if (output) context.stdout(`${output}\n`);
    });
  } catch (error) {
    // The output could not be written.
    if (error instanceof HelperError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    return refuse(context, usageErrorOf(message, argv, loaded));
  }
  return chosen === undefined ? 0 : chosen();
}

function refuse(context: Context, { message, hint }: UsageError): number {
  context.warn(message, hint);
  return usageError;
}

async function showHelp(context: Context, topic: readonly string[]): Promise<number> {
  const { helpFor } = await import('./help.ts');
  const text = await helpFor(context, topic);
  if (text === undefined) return refuse(context, unknownWord(topic) ?? missing());
  context.stdout(text);
  return 0;
}

function usageErrorOf(message: string, argv: readonly string[], loaded: Loaded): UsageError {
  const words = wordsBeforeDashes(argv);
  const outer = entryNamed(commands, words[0] ?? '');
  const inner =
    outer && 'commands' in outer ? entryNamed(outer.commands, words[1] ?? '') : undefined;
  const name = [outer, inner].flatMap((entry) => (entry === undefined ? [] : nameOf(entry)));
  const entry = inner ?? outer;
  const command = entry && !('commands' in entry) ? loaded.get(entry) : undefined;
  const options = Object.entries(command?.options ?? {});
  const names = options.flatMap(([option, { alias }]) => [option, alias ?? option]);
  return explainUsage(message, words, name.join(' '), names);
}

function emptyParser(): Argv {
  return yargs()
    .scriptName('docker-credential-icr')
    .version(version)
    .help(false)
    .option('help', { type: 'boolean', alias: 'h' })
    .strict()
    .demandCommand(1, 'a command is missing')
    .exitProcess(false)
    .parserConfiguration(asTyped)
    .fail(false);
}

/** Answers the shell; the command that yargs would add for its own scripts is not shown. */
async function completeNames(
  context: Context,
  parser: Argv,
  argv: readonly string[],
): Promise<void> {
  const { namesToComplete } = await import('./completion.ts');
  parser.completion('yargs-completion', false, ((_current, _words, usual, done) => {
    const names = namesToComplete(context, argv.slice(1));
    usual((_error, words) => done([...(words ?? []), ...names]));
  }) satisfies FallbackCompletionFunction);
}

/**
 * Loads the commands whose names are in `words`, the chosen one among them. They are loaded before yargs parses
 * `words`, because its completion does not wait for a promise.
 */
async function loadNamed(words: readonly string[]): Promise<Loaded> {
  const named = commands
    .filter((entry) => words.includes(nameOf(entry)))
    .flatMap((entry) => ('commands' in entry ? entry.commands : [entry]))
    .filter((entry) => words.includes(nameOf(entry)));
  return new Map(
    await Promise.all(named.map(async (entry) => [entry, await entry.load()] as const)),
  );
}

function addCommands(
  context: Context,
  parser: Argv,
  entries: readonly (CommandEntry | CommandGroup)[],
  loaded: Loaded,
  choose: (run: Chosen) => void,
): void {
  for (const entry of entries) {
    const { usage, describe } = entry;
    if ('commands' in entry) {
      parser.command(usage, describe, (sub) => {
        addCommands(context, sub, entry.commands, loaded, choose);
        return sub.demandCommand(1, `${usage} needs a command`);
      });
    } else {
      parser.command(
        usage,
        describe,
        (sub) => addOptions(sub, loaded.get(entry)),
        // yargs has checked the arguments against the options that the command describes.
        (args) => choose(async () => (await entry.load()).run(context, args as never)),
      );
    }
  }
}

function addOptions(parser: Argv, command: Command<never> | undefined): Argv {
  for (const [name, option] of Object.entries(command?.options ?? {})) {
    // Without its value it would mean "every host" to some: `--host $UNSET`.
    parser.option(name, { ...option, requiresArg: option.type === 'string' });
  }
  return parser;
}

function explain(context: Context, error: HelperError): number {
  if (error.cause !== undefined) debug(context, String(error.cause));
  context.warn(error.message, error.hint);
  return error.code === 'cancelled' ? cancelled : 1;
}
