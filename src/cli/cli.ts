import type { Argv, FallbackCompletionFunction } from 'yargs';
import { type Context, debug } from '../context.ts';
import { HelperError } from '../errors.ts';
import { version } from '../version.ts';
import { visibleLines } from '../visible.ts';
import type { Command, CommandEntry, CommandGroup } from './command.ts';
import { commands } from './commands.ts';
import { usageError } from './usage-error.ts';
import { yargs } from './yargs.ts';

/** The exit status for a usage error; protocol verbs never return it. */
const usageErrorStatus = 2;
/** The exit status of a shell for a program that Ctrl-C ended. */
const cancelledStatus = 130;

const seeHelp = 'run docker-credential-icr --help';

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
  const context = { ...given, stdout: (text: string) => given.stdout(visibleLines(text)) };
  let chosen: Chosen | undefined;
  const parser = emptyParser();
  if (argv.includes('--get-yargs-completions')) await completeNames(context, parser, argv);
  const loaded = await loadNamed(argv);
  addCommands(context, parser, commands, loaded, (run) => {
    chosen = run;
  });
  try {
    await parser.parseAsync([...argv], {}, (_error, _args, output) => {
      if (output) context.stdout(`${output}\n`);
    });
  } catch (error) {
    // Standard output could not be written.
    if (error instanceof HelperError) return explain(context, error);
    const message = error instanceof Error ? error.message : String(error);
    context.warn(usageError(message, argv), seeHelp);
    return usageErrorStatus;
  }
  if (chosen !== undefined) return explainErrors(context, chosen);
  // To yargs, what stands behind `--` is no command, and nothing is missing either.
  if (argv[0] !== '--') return 0;
  context.warn('a command is missing before --', seeHelp);
  return usageErrorStatus;
}

function emptyParser(): Argv {
  return yargs()
    .scriptName('docker-credential-icr')
    .usage('$0 COMMAND\n\nsigns container clients in to IBM Cloud Container Registry (icr.io)')
    .epilogue(
      'the first two commands to type: login, then configure\n' +
        'docker and other clients call get, store, erase and list by themselves',
    )
    .version(version)
    .alias({ h: 'help' })
    .strict()
    .demandCommand(1, 'a command is missing')
    .recommendCommands()
    .exitProcess(false)
    .parserConfiguration(asTyped)
    .wrap(80)
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
    .filter(({ usage }) => words.includes(nameIn(usage)))
    .flatMap((entry) => ('commands' in entry ? entry.commands : [entry]))
    .filter(({ usage }) => words.includes(nameIn(usage)));
  return new Map(
    await Promise.all(named.map(async (entry) => [entry, await entry.load()] as const)),
  );
}

function nameIn(usage: string): string {
  return usage.replace(/ .*/, '');
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
        return sub.demandCommand(1, `${usage} needs a command`).recommendCommands();
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
  for (const [line, what] of command?.examples ?? []) parser.example(`$0 ${line}`, what);
  for (const [name, option] of Object.entries(command?.options ?? {})) {
    // Without its value it would mean "every host" to some: `--host $UNSET`.
    parser.option(name, { ...option, requiresArg: option.type === 'string' });
  }
  return parser;
}

async function explainErrors(context: Context, run: Chosen): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    return explain(context, error);
  }
}

function explain(context: Context, error: HelperError): number {
  if (error.cause !== undefined) debug(context, String(error.cause));
  context.warn(error.message, error.hint);
  return error.code === 'cancelled' ? cancelledStatus : 1;
}
