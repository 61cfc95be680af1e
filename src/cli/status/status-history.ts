import type { AccessEntry } from '../../access-log/entry.ts';
import { readHistory } from '../../access-log/history.ts';
import type { Context } from '../../context.ts';
import { printLine, table } from '../output.ts';
import { settingsOf } from './status-data.ts';

const head = ['LAST USE', 'USES', 'HOST', 'IDENTITY', 'USER NAME', 'BY'];
const maxLengths = [24, 8, 40, 32, 44, 40];

/**
 * Prints who used identities and hosts: a line for each host, identity, user name and program, or with `json` all entries of
 * the access log. `names` are identities or hosts; without any, all are printed. Returns the exit status.
 */
export async function showHistory(
  context: Context,
  names: readonly string[],
  json: boolean,
): Promise<number> {
  const isEnabled = settingsOf(context).accessLog === true;
  const all = await readHistory(context);
  const entries = names.length === 0 ? all : all.filter((entry) => isOf(entry, names));
  if (json) {
    context.stdout(`${JSON.stringify({ accessLog: isEnabled, entries }, null, 2)}\n`);
    return 0;
  }
  if (entries.length > 0) context.stdout(table(context, head, summary(entries), maxLengths));
  else printLine(context, 'no use in the access log');
  const hint = 'run docker-credential-icr settings access-log on';
  if (!isEnabled) context.warn('the access log is off', hint);
  return 0;
}

/** A host also stands for its namespaces. */
function isOf({ identity, host }: AccessEntry, names: readonly string[]): boolean {
  return names.some((name) => [identity, host, host.replace(/\/.*/, '')].includes(name));
}

/** Returns a row for each combination of host, identity, user name and program, the most recent last. */
function summary(entries: readonly AccessEntry[]): string[][] {
  const groups = new Map<string, { last: AccessEntry; count: number }>();
  for (const entry of entries) {
    const key = JSON.stringify(cellsOf(entry));
    const count = (groups.get(key)?.count ?? 0) + 1;
    groups.delete(key);
    groups.set(key, { last: entry, count });
  }
  return [...groups.values()].map(({ last, count }) => [
    last.time,
    String(count),
    ...cellsOf(last),
  ]);
}

function cellsOf({ host, identity = '-', username = '-', program, command }: AccessEntry) {
  const caller = command === 'get' ? (program ?? '-') : command;
  return [host, identity, username, caller];
}
