import { linkName } from '../../clients/helper-link.ts';
import { type IdentitySettings, isUsable, type Unusable } from '../../config/settings.ts';
import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import { expiryNotices } from '../expiry-notice.ts';
import { namedHelpers } from '../named-helper.ts';
import { optionalSources } from '../setting-table.ts';
import { settingsOf, tryPendingRows } from './status-data.ts';
import { isoOf, type Row } from './status-rows.ts';

/** Prints the output of `status --json`. */
export function showJson(context: Context, hosts: readonly Row[]): void {
  const settings = settingsOf(context);
  const identities = Object.fromEntries(
    Object.entries(settings.identities).map(([name, identity]) => [name, withTimes(identity)]),
  );
  const pending = tryPendingRows(context, settings);
  const pendingKeys = pending instanceof HelperError ? undefined : pending;
  const helpers = namedHelpers(context).map(({ identity, file, uses }) => ({
    name: linkName(identity),
    identity,
    file,
    uses,
  }));
  const sources = Object.fromEntries(
    optionalSources(settings).map(({ key, value }) => [key, value]),
  );
  const warnings = expiryNotices(context, settings, hosts);
  const all = { hosts, identities, helpers, pendingKeys, warnings, sources };
  context.stdout(`${JSON.stringify(all, null, 2)}\n`);
}

/** Converts the times to ISO 8601. */
function withTimes(identity: IdentitySettings | Unusable): object {
  if (!isUsable(identity)) return { kind: 'unusable' };
  const { secretSetAt, expiresAt, ...rest } = identity;
  return { ...rest, secretSetAt: isoOf(secretSetAt), expiresAt: isoOf(expiresAt) };
}
