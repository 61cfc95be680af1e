import { type Context, debug } from '../context.ts';
import { HelperError, protocolErrors } from '../errors.ts';
import { failed, otherHelper } from '../identity/others.ts';
import { hostKey, isIbmHost } from '../registry/match.ts';
import type { RegistryHost } from '../registry/parse.ts';
import { callErase, callHelper, isNotFound, parseObject } from '../secrets/helper-process.ts';
import { isOwnEntry } from '../secrets/helper-store.ts';

/**
 * If this helper is Docker's store for every registry, the settings may name another one for the registries that are
 * not IBM's: it gets the same verb and input, and its answer is returned unchanged. Returns undefined if there is none,
 * or if it has no credential (one may have been stored here before it was configured), and for `erase`, which both have
 * to do. Throws `storage` if it fails.
 */
export async function passOn(
  context: Context,
  verb: 'get' | 'store' | 'erase',
  host: RegistryHost,
  input: string,
): Promise<string | undefined> {
  if (isOwnEntry(host)) throw helperLoop();
  const name = isIbmHost(host) ? undefined : otherHelper(context);
  if (name === undefined) return undefined;
  const answer =
    verb === 'erase' ? callErase(context, name, input) : callHelper(context, name, verb, input);
  if (verb === 'get' && isNotFound(answer)) {
    debug(context, `${hostKey(host)}: docker-credential-${name}: no credential`);
    return undefined;
  }
  if (!answer.ok) throw failed(name, answer.text);
  if (verb === 'get') parseObject(name, answer.text);
  if (verb === 'erase') return undefined;
  return answer.text === '' ? '' : `${answer.text}\n`;
}

/** Only this program asks a keychain for its own entries, so that call came from here. */
export function helperLoop(): HelperError {
  const message = `${protocolErrors.helperLoop}: docker-credential-icr was asked for an entry of its own keychain`;
  return new HelperError('misconfigured', message, { hint: 'use another store' });
}
