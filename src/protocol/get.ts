import type { Context } from '../context.ts';
import { HelperError, notFound } from '../errors.ts';
import { findCredential } from '../identity/find.ts';
import { lookupIn } from '../identity/lookup.ts';
import { hostKey, isIbmHost } from '../registry/match.ts';
import type { RegistryHost } from '../registry/parse.ts';
import { parseHostInput, readInput } from './input.ts';
import { passOn } from './others.ts';

/** Answers with the credential for a host, under the very ServerURL that was asked for. */
export async function get(context: Context): Promise<void> {
  const input = readInput(context);
  const { serverURL, host } = parseHostInput(input);
  if (passOn(context, 'get', host, input)) return;
  const { username, secret } = await credentialFor(context, host);
  const answer = { ServerURL: serverURL, Username: username, Secret: secret };
  context.stdout(`${JSON.stringify(answer)}\n`);
}

async function credentialFor(context: Context, host: RegistryHost) {
  const name = hostKey(host);
  try {
    const found = findCredential(lookupIn(context), host);
    if (found !== undefined) return { username: found.username, secret: await found.secret() };
  } catch (error) {
    throw naming(name, error);
  }
  const ours = isIbmHost(host) ? '' : ', which is not a host of IBM Cloud Container Registry';
  throw notFound(`no source has a credential for ${name}${ours}`);
}

/** Clients show the line without saying which of two dozen hosts they asked about. */
function naming(name: string, error: unknown): unknown {
  if (!(error instanceof HelperError) || error.message.includes(name)) return error;
  return new HelperError(error.code, `${name}: ${error.message}`, error.cause);
}
