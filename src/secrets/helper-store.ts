import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import type { RegistryHost } from '../registry/parse.ts';
import { hasControlCharacter } from '../visible.ts';
import { parseCredential } from './credential-file.ts';
import {
  callHelper,
  type HelperAnswer,
  isNotFound,
  listInput,
  longestWait,
  oneLine,
  parseList,
  parseObject,
  SilentHelperError,
} from './helper-process.ts';
import type { Credential, SecretKey, SecretStore } from './store-types.ts';
import { unlockHint } from './unlock-hint.ts';

/** What Windows' credential manager keeps at most, in bytes (CRED_MAX_CREDENTIAL_BLOB_SIZE). */
const windowsLimit = 2560;
/**
 * Under whose name a keychain has what is ours. Always the same: `pass` and the secret service keep a second
 * credential for another user name, and answer with either.
 */
const account = 'docker-credential-icr';
/** Keychains show it to people, so it says whose it is; some take it apart as a URL. */
const base = `https://${account}`;
/** What nearly every credential has as its user name. */
const usual = 'iamapikey';

/** What is kept in a keychain for a moment, to try it, is neither a host's nor an identity's. */
export interface KeychainKey {
  readonly of: SecretKey['of'] | 'trial';
  readonly name: string;
}

/** Keeps secrets in a keychain, through the credential helper that Docker itself would use for it. */
export function helperStore(context: Context, name: string): SecretStore<KeychainKey> {
  const ask = patient(context, (verb, input) => callHelper(context, name, verb, input));
  const listed = (of: KeychainKey['of']) =>
    names(of, parseList(name, requireOk(name, ask('list', listInput))));
  return {
    read: (key) => {
      const answer = ask('get', `${urlOf(key)}\n`);
      return isNotFound(answer) ? undefined : unpack(name, key, requireOk(name, answer));
    },
    write: (key, credential, requireOurs) => {
      const Secret = pack(key, credential);
      refuseTooLong(name, Secret);
      const input = JSON.stringify({ ServerURL: urlOf(key), Username: account, Secret });
      requireOurs?.();
      const answer = ask('store', `${input}\n`);
      if (!answer.ok) clearEmptyPlace(ask, key);
      requireOk(name, answer);
    },
    erase: (key, requireOurs) => {
      requireOurs?.();
      const answer = ask('erase', `${urlOf(key)}\n`);
      // Some fail for what they do not have; one that is locked says that it is done, and has done nothing.
      const left = ask('get', `${urlOf(key)}\n`);
      if (isNotFound(left)) return;
      requireOk(name, answer);
      if (left.ok || listed(key.of).includes(key.name)) throw notErased(name, key);
    },
    names: listed,
  };
}

/** docker-credential-pass makes a place first; where nothing follows, it fails every `list` from then on. */
function clearEmptyPlace(ask: Ask, key: KeychainKey): void {
  if (isNotFound(ask('get', `${urlOf(key)}\n`))) ask('erase', `${urlOf(key)}\n`);
}

function notErased(name: string, key: KeychainKey): HelperError {
  return new HelperError('storage', `${name} still has the secret of ${key.name}`, {
    hint: unlockHint(name),
  });
}

/** Whether it is the host of a keychain's entries that are ours, which no client is to be told. */
export function isOurEntry({ name }: Pick<RegistryHost, 'name'>): boolean {
  return name === account;
}

/** Under which a keychain has it. */
export function urlOf({ of, name }: KeychainKey): string {
  return `${base}/${of}/${encodeURIComponent(name)}`;
}

function names(of: KeychainKey['of'], list: Readonly<Record<string, string>>): string[] {
  const prefix = `${base}/${of}/`;
  return Object.keys(list)
    .filter((url) => url.startsWith(prefix))
    .map((url) => decodeName(url.slice(prefix.length)))
    .sort();
}

/** Some keychains give it back decoded. */
function decodeName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** A bare API key as it is, for those who look into their keychain; all of it where there is more to know. */
function pack({ name }: KeychainKey, { ServerURL, Username, Secret }: Credential): string {
  // `pass` returns no spaces and line ends around a secret.
  const isWhole = Secret === Secret.trim() && !hasControlCharacter(Secret);
  const isKey = isWhole && parseCredential(Secret) === undefined;
  const isBare = Username === usual && ServerURL === name && isKey;
  return isBare ? Secret : JSON.stringify({ ServerURL, Username, Secret });
}

function unpack(name: string, key: KeychainKey, text: string): Credential {
  const { Secret } = parseObject(name, text);
  if (typeof Secret !== 'string' || Secret === '') {
    throw new HelperError('storage', `docker-credential-${name} answered without a secret`);
  }
  return parseCredential(Secret) ?? { ServerURL: key.name, Username: usual, Secret };
}

function requireOk(name: string, { ok, text }: HelperAnswer): string {
  if (ok) return text;
  throw new HelperError('storage', `${name} failed: ${oneLine(text)}`, {
    hint: unlockHint(name),
  });
}

function refuseTooLong(name: string, secret: string): void {
  const length = Buffer.byteLength(secret);
  if (name !== 'wincred' || length <= windowsLimit) return;
  throw new HelperError(
    'storage',
    `wincred stores at most ${windowsLimit} bytes, and this secret has ${length}`,
    { hint: 'store secrets in files: --store file' },
  );
}

type Ask = (verb: 'get' | 'store' | 'list' | 'erase', input: string) => HelperAnswer;

/**
 * `docker build` asks about two dozen hosts: a keychain that gave no answer is not waited for each time, nor one whose
 * refusals have taken as long by now, as those of a locked `pass` do.
 */
function patient({ now }: Context, ask: Ask): Ask {
  let silence: SilentHelperError | undefined;
  let waited = 0;
  let refusal: HelperAnswer | undefined;
  return (verb, input) => {
    if (silence !== undefined) throw silence;
    if (refusal !== undefined && waited >= longestWait) return refusal;
    const began = now();
    try {
      const answer = ask(verb, input);
      if (answer.ok || isNotFound(answer)) return answer;
      waited += now() - began;
      refusal = answer;
      return answer;
    } catch (error) {
      if (error instanceof SilentHelperError) silence = error;
      throw error;
    }
  };
}
