import { requireConfigFolder } from '../config/folders.ts';
import type { Context } from '../context.ts';
import { HelperError, notFound } from '../errors.ts';
import { findCredential } from '../identity/find.ts';
import { lookupIn } from '../identity/lookup.ts';
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
  try {
    const found = await findCredential(lookupIn(context), host);
    if (found !== undefined) {
      const { username: Username } = found;
      return `${JSON.stringify({ ServerURL, Username, Secret: await found.secret() })}\n`;
    }
  } catch (error) {
    throw withHost(hostKey(host), error);
  }
  if (isIbmHost(host)) requireConfigFolder(context);
  const others = isIbmHost(host) ? '' : ', which is not a host of IBM Cloud Container Registry';
  throw notFound(`no source has a credential for ${hostKey(host)}${others}`);
}

/** Clients show only this line, and may have asked for two dozen hosts. */
function withHost(name: string, error: unknown): unknown {
  if (!(error instanceof HelperError)) return error;
  return new HelperError(error.code, `${name}: ${error.message}`, error);
}
