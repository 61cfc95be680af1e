import { readSettings } from '../config/read-settings.ts';
import type { Context } from '../context.ts';
import { HelperError, notFound } from '../errors.ts';
import { hostKey, isIbmHost } from '../registry/match.ts';
import { parseServerURL, type RegistryHost } from '../registry/parse.ts';
import {
  callHelper,
  eraseWith,
  isNotFound,
  listInput,
  oneLine,
  parseList,
  parseObject,
} from '../secrets/helper-process.ts';
import { isOurEntry } from '../secrets/helper-store.ts';

/**
 * Where this helper is Docker's store for everything, another one may be named for the registries
 * that are not IBM's: it is asked in Docker's own words and what it has goes back as it came.
 * Returns whether it was asked. Throws where it fails, naming it.
 */
export function passOn(
  context: Context,
  verb: 'get' | 'store' | 'erase',
  host: RegistryHost,
  input: string,
): boolean {
  if (isOurEntry(host)) throw leadsBack();
  const name = isIbmHost(host) ? undefined : otherHelper(context);
  if (name === undefined) return false;
  const answer =
    verb === 'erase' ? eraseWith(context, name, input) : callHelper(context, name, verb, input);
  if (verb === 'get' && isNotFound(answer)) {
    throw notFound(`docker-credential-${name} has none for ${hostKey(host)}`);
  }
  if (!answer.ok) throw failed(name, answer.text);
  if (verb === 'get') parseObject(name, answer.text);
  if (answer.text !== '') context.stdout(`${answer.text}\n`);
  return true;
}

function failed(name: string, text: string): HelperError {
  return new HelperError('storage', `docker-credential-${name} failed: ${oneLine(text)}`);
}

/** Only this program asks a keychain for what is its own. */
export function leadsBack(): HelperError {
  return new HelperError(
    'misconfigured',
    'this is for a keychain that docker-credential-icr keeps secrets in, and leads back to it; name another store',
  );
}

/** What the other helper lists; nothing, and a warning, where it fails: our own hosts are still there. */
export function listOthers(context: Context): Record<string, string> {
  const name = otherHelper(context);
  if (name === undefined) return {};
  try {
    const answer = callHelper(context, name, 'list', listInput);
    if (!answer.ok) throw failed(name, answer.text);
    return withoutOurs(parseList(name, answer.text));
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    context.warn(error.message);
    return {};
  }
}

/** What is listed has to be answered by `get`. Our own secrets may rest in the very same keychain. */
function withoutOurs(list: Readonly<Record<string, string>>): Record<string, string> {
  const others = Object.entries(list).filter(([serverURL]) => {
    const host = parseServerURL(serverURL);
    return !('problem' in host || isIbmHost(host) || isOurEntry(host));
  });
  return Object.fromEntries(others);
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
