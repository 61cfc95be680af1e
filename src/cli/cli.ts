import type { Argv, FallbackCompletionFunction } from 'yargs';
import { type Context, debug } from '../context.ts';
import { HelperError, systemCode } from '../errors.ts';
import { version } from '../program-name.ts';
import { visibleLines } from '../visible.ts';
import type { Command, CommandEntry, CommandGroup } from './command.ts';
import { commands } from './commands.ts';
import {
  helpTopic,
  type Loaded,
  missing,
  nameOf,
  requireReadingCommand,
  unknownWord,
  usageErrorOf,
} from './typed-command.ts';
import type { UsageError } from './usage-error.ts';
import { yargs } from './yargs.ts';

/** The exit status for wrong arguments of an interactive command. */
const usageError = 2;
/** The exit status of a shell for a program that Ctrl-C interrupted. */
const cancelled = 130;
/** The exit status of a shell for a program that wrote to a closed pipe (SIGPIPE). */
const closedPipe = 141;

/** Keeps arguments as they were typed: a host, an identity or an argument of exec may look like a number. */
const parserConfiguration = {
  'populate--': true,
  'parse-numbers': false,
  'parse-positional-numbers': false,
  // `--host A B` means one host, followed by a positional argument.
  'greedy-arrays': false,
  // `--host.x=1` would make an object of the value of --host.
  'dot-notation': false,
};

/** Runs the typed command. It is called after parsing, so that its errors are not mistaken for usage errors. */
type RunCommand = () => Promise<number>;

/** Runs an interactive command. Returns the exit status. */
export async function runInteractive(
  rawContext: Context,
  argv: readonly string[],
): Promise<number> {
  let hasWarned = false;
  const context: Context = {
    ...rawContext,
    // Names from settings, registries and IAM may contain escape sequences for the terminal.
    stdout: (text) => rawContext.stdout(visibleLines(text)),
    warn: (line, hint) => {
      hasWarned = true;
      rawContext.warn(line, hint);
    },
  };
  try {
    return await run(context, argv);
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    // In `doctor | head`, the closed pipe is not an error. A command that could not finish its work has printed a warning.
    if (isClosedPipe(error) && !hasWarned) return closedPipe;
    return report(context, error);
  }
}

function isClosedPipe({ cause }: HelperError): boolean {
  return systemCode(cause) === 'EPIPE';
}

async function run(context: Context, argv: readonly string[]): Promise<number> {
  const isCompletion = argv.includes('--get-yargs-completions');
  const topic = isCompletion ? undefined : helpTopic(argv);
  if (topic !== undefined) return showHelp(context, topic);
  const unknown = isCompletion ? undefined : unknownWord(argv);
  if (unknown !== undefined) return reportUsage(context, unknown);
  requireReadingCommand(context, argv);
  let runCommand: RunCommand | undefined;
  const parser = emptyParser();
  const loaded = await loadNamed(argv);
  const words = isCompletion ? await completeNames(context, parser, argv, loaded) : argv;
  addCommands(context, parser, commands, loaded, (run) => {
    runCommand = run;
  });
  try {
    await parser.parseAsync([...words], {}, (_error, _args, output) => {
      if (output) context.stdout(`${output}\n`);
    });
  } catch (error) {
    // Writing the output failed.
    if (error instanceof HelperError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    return reportUsage(context, usageErrorOf(message, argv, loaded));
  }
  return runCommand === undefined ? 0 : runCommand();
}

function reportUsage(context: Context, { message, hint }: UsageError): number {
  context.warn(message, hint);
  return usageError;
}

async function showHelp(context: Context, topic: readonly string[]): Promise<number> {
  const { helpFor } = await import('./help.ts');
  const text = await helpFor(context, topic);
  if (text === undefined) return reportUsage(context, unknownWord(topic) ?? missing());
  context.stdout(text);
  return 0;
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
    .parserConfiguration(parserConfiguration)
    .fail(false);
}

/**
 * Registers the completion function; without the command that yargs adds for its own completion scripts. Returns the words
 * for yargs.
 */
async function completeNames(
  context: Context,
  parser: Argv,
  argv: readonly string[],
  loaded: Loaded,
): Promise<readonly string[]> {
  const { candidates, splitLastOption } = await import('./completion.ts');

  const options = [...loaded.values()].flatMap((command) => Object.entries(command.options));
  const withValue = new Set(
    options
      .filter(([, { type }]) => type === 'string')
      .flatMap(([name, { alias }]) => [name, ...(alias === undefined ? [] : [alias])])
      .map((name) => (name.length === 1 ? `-${name}` : `--${name}`)),
  );
  const takesValue = (option: string): boolean => withValue.has(option);
  const { words, prefix } = splitLastOption(argv, takesValue);
  parser.completion('yargs-completion', false, ((_current, _words, completeDefault, done) => {
    completeDefault((_error, known) => {
      const found = candidates(context, words.slice(1), known ?? [], takesValue);
      done(found.map((word) => `${prefix}${word}`));
    });
  }) satisfies FallbackCompletionFunction);
  return words;
}

/**
 * Loads the commands whose names are in `words`. They are loaded before yargs parses `words`, because its completion
 * does not wait for a promise.
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
  setRun: (run: RunCommand) => void,
): void {
  for (const entry of entries) {
    const { usage, describe } = entry;
    if ('commands' in entry) {
      parser.command(usage, describe, (sub) => {
        addCommands(context, sub, entry.commands, loaded, setRun);
        return sub.demandCommand(1, `${usage} needs a command`);
      });
    } else {
      parser.command(
        usage,
        describe,
        (sub) => addOptions(sub, loaded.get(entry)),
        (args) => {
          requireSingle(args, loaded.get(entry));
          // The cast is safe: yargs has parsed the arguments according to the command's options.
          setRun(async () => (await entry.load()).run(context, args as never));
        },
      );
    }
  }
}

function addOptions(parser: Argv, command: Command<never> | undefined): Argv {
  for (const [name, option] of Object.entries(command?.options ?? {})) {
    // With `requiresArg`, `--host $UNSET` is an error; otherwise it would select all hosts.
    parser.option(name, { ...option, requiresArg: option.type === 'string' });
  }
  return parser;
}

/** Throws if an option with one value has several: yargs makes an array of them. */
function requireSingle(args: Readonly<Record<string, unknown>>, command?: Command<never>): void {
  for (const [name, { type, array = false }] of Object.entries(command?.options ?? {})) {
    if (type === 'string' && !array && Array.isArray(args[name])) {
      throw new Error(`--${name} can be used only once`);
    }
  }
}

function report(context: Context, error: HelperError): number {
  if (error.cause !== undefined) debug(context, String(error.cause));
  context.warn(error.message, error.hint);
  return error.code === 'cancelled' ? cancelled : 1;
}
