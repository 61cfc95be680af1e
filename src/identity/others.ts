import { readSettings } from '../config/read-settings.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { isIbmHost } from '../registry/match.ts';
import { parseServerURL } from '../registry/parse.ts';
import { callHelper, listInput, oneLine, parseList } from '../secrets/helper-process.ts';
import { isOwnEntry } from '../secrets/helper-store.ts';
import type { HostAnswer } from './hosts.ts';
import { own } from './mapping-key.ts';

/** The helper that is asked about registries that are not IBM's. */
export interface Others {
  /** What it lists: user names by ServerURL. Nothing where it fails. */
  readonly usernames: Record<string, string>;
  /**
   * The user name that `get` has from it for that host, or what it fails with; `undefined` where what is kept here
   * answers. Most helpers know a host by the very spelling that was stored.
   */
  readonly answerFor: (
    answer: Pick<HostAnswer, 'host' | 'serverURL'>,
  ) => string | HelperError | undefined;
  /** Its name in the settings. */
  readonly name?: string;
  readonly failure?: HelperError;
}

export function listOthers(context: Context): Others {
  const name = otherHelper(context);
  if (name === undefined) return { usernames: {}, answerFor: () => undefined };
  try {
    const answer = callHelper(context, name, 'list', listInput);
    if (!answer.ok) throw failed(name, answer.text);
    const usernames = withoutOurs(parseList(name, answer.text));
    return { name, usernames, answerFor: ({ serverURL }) => own(usernames, serverURL) };
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    const failure = error;
    const answerFor: Others['answerFor'] = ({ host }) => (isIbmHost(host) ? undefined : failure);
    return { name, usernames: {}, answerFor, failure };
  }
}

/** What is listed has to be answered by `get`. Our own secrets may rest in the very same keychain. */
function withoutOurs(list: Readonly<Record<string, string>>): Record<string, string> {
  const others = Object.entries(list).filter(([serverURL]) => {
    const host = parseServerURL(serverURL);
    return !('problem' in host || isIbmHost(host) || isOwnEntry(host));
  });
  return Object.fromEntries(others);
}

/** Settings that cannot be read fail IBM's hosts, with what to type; here they name nobody. */
export function otherHelper(context: Context): string | undefined {
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
