import type { Caller } from '../http/api-call.ts';
import { accessTokenOf, nameOf, toCaller } from '../identity/access.ts';
import { findCredential } from '../identity/find.ts';
import type { Lookup } from '../identity/lookup.ts';
import { identityNamed } from '../identity/mapping.ts';
import type { Found } from '../identity/source.ts';
import type { Option } from './command.ts';
import { noCredential, requireIbmHost } from './host-arguments.ts';

/** The option that names who acts; `--as` where `--identity` is somebody else. */
export const actingOption: Option = {
  type: 'string',
  alias: 'as',
  describe: 'act as this identity; otherwise as the one that answers for icr.io',
};

/**
 * Who calls IBM Cloud's APIs: the identity that was named, else the one that answers for the host.
 * Throws `not-found`, `misconfigured` for one that is worth no access token, and what IAM says.
 */
export async function callerFor(
  lookup: Lookup,
  identity: string | undefined,
  host = 'icr.io',
): Promise<Caller> {
  const found = await requireFound(lookup, identity, host);
  const accessToken = await accessTokenOf(lookup, found);
  return toCaller(lookup, nameOf(found), accessToken);
}

/** The credential of the identity, or of the host if no identity is given. Throws `not-found` and `misconfigured`. */
export async function requireFound(
  lookup: Lookup,
  identity: string | undefined,
  host: string,
): Promise<Found> {
  if (identity !== undefined) return identityNamed(lookup, identity);
  const found = await findCredential(lookup, requireIbmHost(host));
  if (found !== undefined) return found;
  throw noCredential(host);
}
