import type { AccessEntry } from '../../access-log/entry.ts';
import { readSettings } from '../../config/read-settings.ts';
import type { Context } from '../../context.ts';
import { visible } from '../../visible.ts';
import { printLine } from '../output.ts';

/** Prints the last use of each identity; nothing for one that is not in the access log while the log is off. */
export async function printLastUses(
  context: Context,
  identities: readonly string[],
): Promise<void> {
  const isOn = readSettings(context).accessLog === true;
  const { lastUses } = await import('../../access-log/history.ts');
  const uses = await lastUses(context);
  for (const identity of identities) {
    const use = uses.get(identity);
    if (use === undefined && !isOn) continue;
    const last = use === undefined ? 'not in the access log' : `last used ${describeUse(use)}`;
    printLine(context, `identity ${visible(identity)}: ${last}`);
  }
}

/** Returns when, for which host and by which program a credential was used. */
function describeUse({ time, host, program, command }: AccessEntry): string {
  const caller = command === 'get' ? (program ?? 'an unknown program') : command;
  return visible(`at ${time} for ${host} by ${caller}`);
}
