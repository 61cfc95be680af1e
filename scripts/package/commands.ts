import fs from 'node:fs';
import path from 'node:path';
import type { Command, CommandGroup } from '../../src/cli/command.ts';
import { root } from './stamp.ts';

type Documented = Omit<Command<never>, 'run'>;

/** A command and the words before its own: `api-key list`. */
export interface Page extends Documented {
  readonly group?: CommandGroup;
}

/** Every command that people type, in the order of the alphabet: what the files of src/cli describe. */
export async function readCommands(): Promise<Page[]> {
  const exported = await readExports(path.join(root, 'src', 'cli'));
  const groups = exported.filter(isGroup);
  const grouped = groups.flatMap((group) =>
    group.commands.map((command) => ({ ...command, group })),
  );
  const inGroups = new Set<unknown>(groups.flatMap(({ commands }) => commands));
  const alone = exported.filter(isCommand).filter((command) => !inGroups.has(command));
  return [...alone, ...grouped].toSorted((one, other) => (lineOf(one) < lineOf(other) ? -1 : 1));
}

/** What is typed after the program's name. */
export function lineOf({ usage, group }: Page): string {
  return group === undefined ? usage : `${group.usage} ${usage}`;
}

async function readExports(folder: string): Promise<unknown[]> {
  const names = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => name.endsWith('.ts')).sort();
  const modules = await Promise.all(files.map((name) => import(path.join(folder, name))));
  // One may be exported under two names.
  return [...new Set(modules.flatMap((module: object) => Object.values(module)))];
}

function isGroup(value: unknown): value is CommandGroup {
  return isDescribed(value) && 'commands' in value;
}

function isCommand(value: unknown): value is Command<never> {
  return isDescribed(value) && 'run' in value && 'options' in value;
}

function isDescribed(value: unknown): value is { usage: string; describe: string } {
  return typeof value === 'object' && value !== null && 'usage' in value && 'describe' in value;
}
