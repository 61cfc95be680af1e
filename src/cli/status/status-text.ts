import { linkName } from '../../clients/helper-link.ts';
import type { Settings } from '../../config/settings.ts';
import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import { shellQuoted, visible } from '../../visible.ts';
import { type ExpiryNotice, expiryNotices } from '../expiry-notice.ts';
import { type NamedHelper, namedHelpers } from '../named-helper.ts';
import { duration, printLine, table } from '../output.ts';
import { optionalSources } from '../setting-table.ts';
import { pendingLines, settingsOf, tryPendingRows } from './status-data.ts';
import type { Row } from './status-rows.ts';

/** Prints the output of `status`. */
export function showText(context: Context, rows: readonly Row[], areHostsNamed: boolean): void {
  const settings = settingsOf(context);
  const unused = areHostsNamed ? [] : identitiesWithoutHost(context, settings);
  if (rows.length > 0) showTable(context, rows);
  else if (!areHostsNamed) {
    const command = unused[0] === undefined ? 'login' : `map "*" ${shellQuoted(unused[0])}`;
    printLine(context, `no host has a credential; run docker-credential-icr ${command}`);
  }
  if (unused.length > 0)
    printLine(context, `identities without a host: ${visible(unused.join(', '))}`);
  if (!areHostsNamed) {
    for (const { value, title } of optionalSources(settings))
      if (value !== false) printLine(context, `other hosts: ${visible(title)}`);
    for (const helper of namedHelpers(context)) printLine(context, helperLine(helper));
  }
  // A problem with the settings concerns every host, and is reported once.
  const problems = new Map(rows.map(({ problem = '', hint }) => [problem, hint]));
  const pending = areHostsNamed ? [] : tryPendingRows(context, settings);
  if (pending instanceof HelperError) problems.set(pending.message, pending.hint);
  else for (const line of pending.flatMap(pendingLines)) printLine(context, line);
  problems.delete('');
  for (const [problem, hint] of problems) context.warn(problem, hint);
  const isShown = ({ identity }: ExpiryNotice) =>
    !areHostsNamed || rows.some((row) => row.identity === identity);
  for (const { message, hint } of expiryNotices(context, settings, rows).filter(isShown))
    context.warn(message, hint);
}

/** Returns the line for `docker-credential-icr-NAME`: its identity, and where clients use it. */
function helperLine({ identity, file, uses }: NamedHelper): string {
  const where = uses.map(({ file: named, hosts }) => `${hosts.join(', ')} in ${named}`);
  const used = where.length === 0 ? 'not registered in a client' : `used for ${where.join('; ')}`;
  const missing = file === undefined ? '; not on PATH' : '';
  return visible(`${linkName(identity)}: identity ${identity}, ${used}${missing}`);
}

function identitiesWithoutHost(context: Context, { identities, mappings }: Settings): string[] {
  const mapped = new Set(Object.values(mappings).map(({ identity }) => identity));
  for (const { identity, uses } of namedHelpers(context)) if (uses.length > 0) mapped.add(identity);
  return Object.keys(identities).filter((name) => !mapped.has(name));
}

const head = ['HOST', 'STATE', 'IDENTITY', 'USER NAME', 'STORED IN', 'EXPIRES IN'];
const shownStates = { answered: 'ok', failing: 'error', 'signed-out': 'signed out' } as const;

/** The last column is shown only if clients get an access token for a host. */
function showTable(context: Context, rows: readonly Row[]): void {
  const hasTokens = rows.some(({ token }) => token !== undefined);
  const columns = hasTokens ? [...head, 'CACHED TOKEN'] : head;
  const cells = rows.map((row) => cellsOf(context, row).slice(0, columns.length));
  context.stdout(table(context, columns, cells));
}

function cellsOf(context: Context, row: Row): string[] {
  const { host, state, identity = '-', presentedAs = '-', storedIn = '-', endsAt } = row;
  const remaining = remainingOf(context, endsAt) ?? '-';
  const shown = [host, shownStates[state], identity, presentedAs, storedIn, remaining];
  return [...shown, tokenCell(context, row)];
}

/** Returns the remaining lifetime of the cached access token, and its minimum: `12 min (min 30 min)`. */
function tokenCell(context: Context, { token }: Row): string {
  if (token === undefined) return '-';
  const { endsAt, minLifetimeMs } = token;
  const minimum = minLifetimeMs === undefined ? '' : ` (min ${duration(minLifetimeMs)})`;
  return (remainingOf(context, endsAt) ?? 'none') + minimum;
}

function remainingOf(context: Context, endsAt: string | undefined): string | undefined {
  return endsAt === undefined ? undefined : duration(Date.parse(endsAt) - context.now());
}
