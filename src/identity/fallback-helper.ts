import { readSettings } from '../config/read-settings.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { own } from '../json-object.ts';
import { isIbmHost } from '../registry/match.ts';
import { parseServerURL } from '../registry/parse.ts';
import { callHelper, listInput, oneLine, parseList } from '../secrets/helper-process.ts';
import { isOwnEntry } from '../secrets/helper-store.ts';
import type { HostAnswer } from './hosts.ts';

/** The credentials that the fallback helper, which handles registries other than IBM's, lists. */
interface FallbackList {
  /** User names by ServerURL; empty if the helper fails. */
  readonly usernames: Record<string, string>;
  /**
   * Returns the user name that the helper has for a host, or its error; undefined if this program handles the host. Compares
   * ServerURLs literally, as most helpers do.
   */
  readonly answerFor: (
    answer: Pick<HostAnswer, 'host' | 'serverURL'>,
  ) => string | HelperError | undefined;
  /** Its name in the settings. */
  readonly name?: string;
  readonly failure?: HelperError;
}

export function listFallback(context: Context): FallbackList {
  const name = fallbackHelper(context);
  if (name === undefined) return { usernames: {}, answerFor: () => undefined };
  try {
    const answer = callHelper(context, name, 'list', listInput);
    if (!answer.ok) throw failed(name, answer.text);
    const usernames = onlyOthers(parseList(name, answer.text));
    return { name, usernames, answerFor: ({ serverURL }) => own(usernames, serverURL) };
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    const failure = error;
    const answerFor: FallbackList['answerFor'] = ({ host }) =>
      isIbmHost(host) ? undefined : failure;
    return { name, usernames: {}, answerFor, failure };
  }
}

/** Removes the hosts for which `get` does not call the helper, and the secrets that this program stores in it. */
function onlyOthers(list: Readonly<Record<string, string>>): Record<string, string> {
  const others = Object.entries(list).filter(([serverURL]) => {
    const host = parseServerURL(serverURL);
    return !('problem' in host || isIbmHost(host) || isOwnEntry(host));
  });
  return Object.fromEntries(others);
}

/**
 * Returns the name of the fallback helper; undefined, with a warning, if the settings cannot be read.
 * `docker-credential-icr-NAME` has none, because it is only for ICR hosts.
 */
export function fallbackHelper(context: Context): string | undefined {
  if (context.identity !== undefined) return undefined;
  try {
    return readSettings(context).fallbackHelper;
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    context.warn(error.message, error.hint);
    return undefined;
  }
}

export function failed(name: string, text: string): HelperError {
  return new HelperError('storage', `docker-credential-${name} failed: ${oneLine(text)}`);
}
