import { readSettings } from '../config/settings.ts';
import type { Context } from '../context.ts';
import { HelperError, notFound } from '../errors.ts';
import { hostKey, isIbmHost } from '../registry/match.ts';
import type { RegistryHost } from '../registry/parse.ts';
import { callHelper, eraseWith, isNotFound } from '../secrets/helper-process.ts';

/**
 * Where this helper is Docker's store for everything, another one may be named for the registries
 * that are not IBM's: it is asked in Docker's own words and its answer goes back as it came.
 * Returns whether it was asked. Throws what it answers when it fails.
 */
export function passOn(
  context: Context,
  verb: 'get' | 'store' | 'erase',
  host: RegistryHost,
  input: string,
): boolean {
  const name = isIbmHost(host) ? undefined : otherHelper(context);
  if (name === undefined) return false;
  const answer =
    verb === 'erase' ? eraseWith(context, name, input) : callHelper(context, name, verb, input);
  if (verb === 'get' && isNotFound(answer)) {
    throw notFound(`docker-credential-${name} has none for ${hostKey(host)}`);
  }
  if (!answer.ok)
    throw new HelperError('storage', answer.text || `docker-credential-${name} failed`);
  if (answer.text !== '') context.stdout(`${answer.text}\n`);
  return true;
}

/** What the other helper lists; nothing, and a warning, where it fails: our own hosts are still there. */
export function listOthers(context: Context): Record<string, string> {
  const name = otherHelper(context);
  if (name === undefined) return {};
  try {
    const answer = callHelper(context, name, 'list', '\n');
    if (answer.ok) return parseList(name, answer.text);
    throw new HelperError('storage', `docker-credential-${name} cannot list: ${answer.text}`);
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    context.warn(error.message);
    return {};
  }
}

/** Settings that cannot be read fail IBM's hosts, with what to type; here they name nobody. */
function otherHelper(context: Context): string | undefined {
  try {
    return readSettings(context).others;
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    context.warn(error.message);
    return undefined;
  }
}

function parseList(name: string, text: string): Record<string, string> {
  try {
    // Some helpers print null, or nothing, where they keep nothing.
    const value: unknown = JSON.parse(text || 'null') ?? {};
    if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, string>;
  } catch {
    // The parser's message would quote it.
  }
  throw new HelperError('storage', `docker-credential-${name} listed something that is no list`);
}
