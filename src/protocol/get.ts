import { requireConfigFolder } from '../config/folders.ts';
import { type Context, isDebug } from '../context.ts';
import { HelperError, notFound } from '../errors.ts';
import { findCredential } from '../identity/find.ts';
import { type Lookup, lookupIn } from '../identity/lookup.ts';
import { hostKey, isIbmHost } from '../registry/match.ts';
import { readInput } from '../standard-input.ts';
import { parseHostInput } from './input.ts';

/** Answers with the credential for a host, under exactly the ServerURL that was asked for. */
export async function get(context: Context): Promise<string> {
  const input = await readInput(context);
  const { serverURL: ServerURL, host } = parseHostInput(input);
  if (!isIbmHost(host)) {
    const { passOn } = await import('./pass-on.ts');
    const answer = await passOn(context, 'get', host, input);
    if (answer !== undefined) return answer;
  }
  const lookup = lookupIn(context);
  try {
    const found = await findCredential(lookup, host);
    if (found !== undefined) {
      const { username: Username } = found;
      return `${JSON.stringify({ ServerURL, Username, Secret: await found.secret() })}\n`;
    }
  } catch (error) {
    throw withHost(hostKey(host), error);
  }
  const name = hostKey(host);
  if (!isIbmHost(host)) {
    throw notFound(
      `no source has a credential for ${name}, which is not a host of IBM Cloud Container Registry`,
    );
  }
  requireConfigFolder(context);
  throw notFound(await reasonFor(lookup, name));
}

/** A CI job does not expect that an earlier job on the same machine has logged out. */
async function reasonFor({ context, isSignedOut }: Lookup, name: string): Promise<string> {
  if (!isDebug(context) || !(await isSignedOut(name))) {
    return `no source has a credential for ${name}`;
  }
  return `${name} is signed out, by docker logout or docker-credential-icr logout; run docker-credential-icr login ${name}`;
}

/** Clients show only this line, and may have asked for two dozen hosts. */
function withHost(name: string, error: unknown): unknown {
  if (!(error instanceof HelperError)) return error;
  return new HelperError(error.code, `${name}: ${error.message}`, error);
}
