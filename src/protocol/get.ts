import type { Context } from '../context.ts';
import { notFound } from '../errors.ts';
import { findCredential } from '../identity/find.ts';
import { lookupIn } from '../identity/lookup.ts';
import { hostKey, isIbmHost } from '../registry/match.ts';
import { parseHostInput, readInput } from './input.ts';

/** Answers with the credential for a host, under the very ServerURL that was asked for. */
export async function get(context: Context): Promise<void> {
  const { serverURL, host } = parseHostInput(readInput(context));
  const found = findCredential(lookupIn(context), host);
  if (found === undefined) {
    const ours = isIbmHost(host) ? '' : ', which is not a host of IBM Cloud Container Registry';
    throw notFound(`no source has a credential for ${hostKey(host)}${ours}`);
  }
  const answer = {
    ServerURL: serverURL,
    Username: found.username,
    Secret: await found.secret(),
  };
  context.stdout(`${JSON.stringify(answer)}\n`);
}
