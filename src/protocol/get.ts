import { accessLogger } from '../access-log/log-access.ts';
import { requireConfigFolder } from '../config/folders.ts';
import { type Context, isDebug } from '../context.ts';
import { HelperError, notFound } from '../errors.ts';
import { findCredential } from '../identity/find.ts';
import { type Lookup, lookupIn } from '../identity/lookup.ts';
import { hostKey, isIbmHost } from '../registry/match.ts';
import type { RegistryHost } from '../registry/parse.ts';
import { prefetchCredential } from '../secrets/credential-file.ts';
import type { SecretKey } from '../secrets/store-types.ts';
import { readInput } from '../standard-input.ts';
import { parseHostInput } from './input.ts';

/** Returns the credential for a host, with the ServerURL exactly as in the input. */
export async function get(context: Context): Promise<string> {
  const reading = readInput(context);
  const lookup = lookupIn(context);
  // The settings are read while this process waits for its input; an error is reported by the source that needs them.
  const settings = lookup.settings();
  settings.catch(() => {});
  const input = await reading;
  const { serverURL: ServerURL, host } = parseHostInput(input);
  if (!isIbmHost(host)) {
    const { passOn } = await import('./pass-on.ts');
    const answer = await passOn(context, 'get', host, input);
    if (answer !== undefined) {
      const credential = { username: '' };
      const handedOut = { command: 'get', host: hostKey(host), credential, secret: '' };
      await (await accessLogger(context, settings))?.(handedOut);
      return answer;
    }
  }
  // Reading the file takes longer than finding out that no other source has precedence. An error, such as an invalid
  // directory in the environment, is reported by the source that needs it.
  prefetchCredential(context, likelyKey(context, host)).catch(() => {});
  // An entry of the access log is prepared while the file is read.
  const logging = accessLogger(context, settings);
  try {
    const found = await findCredential(lookup, host);
    if (found !== undefined) {
      const { username: Username } = found;
      const Secret = await found.secret();
      const log = await logging;
      await log?.({ command: 'get', host: hostKey(host), credential: found, secret: Secret });
      return `${JSON.stringify({ ServerURL, Username, Secret })}\n`;
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

/** Returns the key of the credential that is read in most cases. */
function likelyKey({ identity }: Context, host: RegistryHost): SecretKey {
  return identity === undefined
    ? { of: 'host', name: hostKey(host) }
    : { of: 'identity', name: identity };
}

/** Adds the host to the message: a client shows only this line, and may look up two dozen hosts. */
function withHost(name: string, error: unknown): unknown {
  if (!(error instanceof HelperError)) return error;
  return new HelperError(error.code, `${name}: ${error.message}`, error);
}
