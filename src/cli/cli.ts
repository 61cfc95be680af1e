import type { Argv, FallbackCompletionFunction } from 'yargs';
import { type Context, debug } from '../context.ts';
import { HelperError } from '../errors.ts';
import { version } from '../version.ts';
import { visibleLines } from '../visible.ts';
import { apiKey } from './api-key/api-key.ts';
import type { Command, CommandGroup } from './command.ts';
import { completion, namesToComplete } from './completion.ts';
import { configure } from './configure.ts';
import { doctor } from './doctor/doctor.ts';
import { exec } from './exec.ts';
import { kubelet } from './kubelet.ts';
import { kubernetes } from './kubernetes.ts';
import { login } from './login.ts';
import { logout } from './logout.ts';
import { map, unmap } from './map.ts';
import { registryToken } from './registry-token/registry-token.ts';
import { settings } from './settings.ts';
import { status } from './status.ts';
import { store } from './store.ts';
import { token } from './token.ts';
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

type Chosen = () => number | Promise<number>;

/** The commands that people type. Returns the exit status. */
export async function runInteractive(given: Context, argv: readonly string[]): Promise<number> {
  // Settings, registries and IAM choose names: none of them may control the terminal.
  const context = { ...given, stdout: (text: string) => given.stdout(visibleLines(text)) };
  let chosen: Chosen | undefined;
  const parser = emptyParser();
  completeNames(context, parser, argv);
  const choose = (run: Chosen) => {
    chosen = run;
  };
  const add = <Args>(command: Command<Args>) => addCommand(context, parser, command, choose);
  add(login);
  add(logout);
  add(configure);
  add(status);
  add(map);
  add(unmap);
  add(doctor);
  add(settings);
  add(token);
  add(exec);
  addGroup(context, parser, apiKey, choose);
  addGroup(context, parser, registryToken, choose);
  addGroup(context, parser, store, choose);
  add(completion);
  add(kubelet);
  addGroup(context, parser, kubernetes, choose);
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
function completeNames(context: Context, parser: Argv, argv: readonly string[]): void {
  parser.completion('yargs-completion', false, ((_current, _words, usual, done) => {
    const names = namesToComplete(context, argv.slice(1));
    usual((_error, words) => done([...(words ?? []), ...names]));
  }) satisfies FallbackCompletionFunction);
}

/** The command is run after the parsing, so that its errors and usage errors stay apart. */
function addCommand<Args>(
  context: Context,
  parser: Argv,
  command: Command<Args>,
  choose: (run: Chosen) => void,
): void {
  parser.command(
    command.usage,
    command.describe,
    (sub) => {
      for (const [line, what] of command.examples) sub.example(`$0 ${line}`, what);
      for (const [name, option] of Object.entries(command.options)) {
        // Without its value it would mean "every host" to some: `--host $UNSET`.
        sub.option(name, { ...option, requiresArg: option.type === 'string' });
      }
      return sub;
    },
    // yargs has checked the words against the very options that `Args` describes.
    (args) => choose(() => command.run(context, args as unknown as Args)),
  );
}

function addGroup(
  context: Context,
  parser: Argv,
  { usage, describe, commands }: CommandGroup,
  choose: (run: Chosen) => void,
): void {
  parser.command(usage, describe, (sub) => {
    for (const command of commands) addCommand(context, sub, command, choose);
    return sub.demandCommand(1, `${usage} needs a command`).recommendCommands();
  });
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
