import { isUsable } from '../config/settings.ts';
import type { Caller } from '../http/api-call.ts';
import { accessTokenOf, nameOf, toCaller } from '../identity/access.ts';
import { findCredential } from '../identity/find.ts';
import type { Found, Lookup } from '../identity/lookup.ts';
import { canGetAccessToken, identityNamed } from '../identity/mapping.ts';
import { shellQuoted } from '../visible.ts';
import type { Option } from './command.ts';
import { noCredential, requireIbmHost } from './host-arguments.ts';

/** The option for the identity that calls IBM Cloud's APIs. It is `--as` if `--identity` has another meaning. */
export const callerOption: Option = {
  type: 'string',
  alias: 'as',
  describe: 'call IBM Cloud as this identity (default: the identity of icr.io)',
};

/**
 * Returns the caller of IBM Cloud's APIs: the given identity, otherwise the credential of the host. Throws `not-found`,
 * `misconfigured` if IAM issues no access token for that kind of credential, and IAM's errors.
 */
export async function callerFor(
  lookup: Lookup,
  identity: string | undefined,
  host = 'icr.io',
): Promise<Caller> {
  const found = await requireFound(lookup, identity, host, '--as');
  const accessToken = await accessTokenOf(lookup, found);
  return toCaller(lookup, nameOf(found), accessToken);
}

/**
 * Returns the credential of the identity; without one, of the host. Throws `misconfigured`, and `not-found` with a hint that
 * names the `option` for the identity.
 */
export async function requireFound(
  lookup: Lookup,
  identity: string | undefined,
  host: string,
  option = '--identity',
): Promise<Found> {
  if (identity !== undefined) return identityNamed(lookup, identity);
  const found = await findCredential(lookup, requireIbmHost(host));
  if (found !== undefined) return found;
  const { identities } = await lookup.settings();
  const [other] =
    Object.entries(identities).find(
      ([, identity]) => isUsable(identity) && canGetAccessToken(identity),
    ) ?? [];
  throw noCredential(host, other === undefined ? '' : `, or add ${option} ${shellQuoted(other)}`);
}
