import type { Command, CommandEntry, CommandGroup } from '../../src/cli/command.ts';
import { commands } from '../../src/cli/commands.ts';

/** A command, and the group that it is in: `api-key list`. */
export interface Page extends Omit<CommandEntry, 'load'>, Omit<Command<never>, 'run'> {
  readonly group?: CommandGroup;
}

/** Every interactive command, in alphabetical order. */
export async function readCommands(): Promise<Page[]> {
  const pages = commands.flatMap((entry) =>
    'commands' in entry ? entry.commands.map((command) => pageOf(command, entry)) : [pageOf(entry)],
  );
  return (await Promise.all(pages)).toSorted((one, other) =>
    lineOf(one) < lineOf(other) ? -1 : 1,
  );
}

async function pageOf(entry: CommandEntry, group?: CommandGroup): Promise<Page> {
  return { ...entry, ...(await entry.load()), ...(group && { group }) };
}

/** Returns the command's usage, without the program's name. */
export function lineOf({ usage, group }: Page): string {
  return group === undefined ? usage : `${group.usage} ${usage}`;
}
