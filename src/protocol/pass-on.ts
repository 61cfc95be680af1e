import { readOwnSettings } from '../config/read-settings.ts';
import { type Context, debug } from '../context.ts';
import { HelperError, protocolErrors } from '../errors.ts';
import { failed, fallbackHelper } from '../identity/fallback-helper.ts';
import { hostKey, isIbmHost } from '../registry/match.ts';
import type { RegistryHost } from '../registry/parse.ts';
import { callErase, callHelper, isNotFound, parseOutput } from '../secrets/helper-process.ts';
import { isOwnEntry } from '../secrets/helper-store.ts';

/**
 * Calls the fallback helper of the settings, which handles registries other than IBM's, with the same verb and input.
 * Returns its answer unchanged. Returns undefined if this program must handle the verb: the settings do not name a
 * helper; it does not have the credential (which may have been stored here before); or the verb is `erase`, which both
 * perform. Throws `storage` if the helper fails.
 */
export async function passOn(
  context: Context,
  verb: 'get' | 'store' | 'erase',
  host: RegistryHost,
  input: string,
): Promise<string | undefined> {
  if (isOwnEntry(host)) throw ownEntryError();
  const name = isIbmHost(host) ? undefined : fallbackHelper(context);
  if (name === undefined) return undefined;
  if (verb !== 'get') readOwnSettings(context);
  const answer =
    verb === 'erase' ? callErase(context, name, input) : callHelper(context, name, verb, input);
  if (verb === 'get' && isNotFound(answer)) {
    debug(context, `${hostKey(host)}: docker-credential-${name}: no credential`);
    return undefined;
  }
  if (!answer.ok) throw failed(name, answer.text);
  if (verb === 'get') parseOutput(name, answer.text);
  if (verb === 'erase') return undefined;
  return answer.text === '' ? '' : `${answer.text}\n`;
}

/** The error for a credential helper loop: only this program looks up its own keychain entries. */
export function ownEntryError(): HelperError {
  const message = `${protocolErrors.helperLoop}: docker-credential-icr was asked for an entry of its own keychain`;
  return new HelperError('misconfigured', message, { hint: 'use another store' });
}
