import { type Context, debug } from '../context.ts';
import { HelperError } from '../errors.ts';
import { failed, otherHelper } from '../identity/others.ts';
import { hostKey, isIbmHost } from '../registry/match.ts';
import type { RegistryHost } from '../registry/parse.ts';
import { callHelper, eraseWith, isNotFound, parseObject } from '../secrets/helper-process.ts';
import { isOurEntry } from '../secrets/helper-store.ts';

/**
 * Where this helper is Docker's store for everything, another one may be named for the registries
 * that are not IBM's: it is asked in Docker's own words and what it has goes back as it came.
 * Returns whether it has answered: what it does not have may have been kept here before it was named, and to erase is
 * for both to do. Throws where it fails, naming it.
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
    debug(context, `${hostKey(host)}: nothing from docker-credential-${name}`);
    return false;
  }
  if (!answer.ok) throw failed(name, answer.text);
  if (verb === 'get') parseObject(name, answer.text);
  if (answer.text !== '') context.stdout(`${answer.text}\n`);
  return verb !== 'erase';
}

/** Only this program asks a keychain for what is its own. */
export function leadsBack(): HelperError {
  return new HelperError(
    'misconfigured',
    'this is for a keychain that docker-credential-icr keeps secrets in, and leads back to it; name another store',
  );
}
