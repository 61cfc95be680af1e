import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import type { RegistryHost } from '../registry/parse.ts';
import { hasControlCharacter } from '../visible.ts';
import { decodeName, parseCredential } from './credential-file.ts';
import {
  callHelper,
  callTimeoutMs,
  type HelperAnswer,
  HelperTimeoutError,
  invalidOutput,
  isNotFound,
  listInput,
  oneLine,
  parseList,
  parseOutput,
  unlockHint,
} from './helper-process.ts';
import type { Credential, SecretKey, SecretStore } from './store-types.ts';

/** The limit of the Windows Credential Manager, CRED_MAX_CREDENTIAL_BLOB_SIZE. */
const maxWincredBytes = 2560;
/**
 * The user name of all entries. It must not vary: for a second user name, `pass` and the secret service add a second entry
 * and return either of them.
 */
const account = 'docker-credential-icr';
/** Keychains show it to the user, so it contains the program's name; some parse it as a URL. */
const baseUrl = `https://${account}`;
const defaultUsername = 'iamapikey';

/** The key of an entry. `trial` is a test entry, which exists only while the keychain is probed. */
export interface KeychainKey {
  readonly of: SecretKey['of'] | 'trial';
  readonly name: string;
}

/** Stores secrets in a keychain by Docker's credential helper for it. */
export function helperStore(context: Context, name: string): SecretStore<KeychainKey> {
  const call = withLimitedWait(context, (verb, input) => callHelper(context, name, verb, input));
  const listed = (of: KeychainKey['of']) =>
    names(of, parseList(name, requireOk(name, call('list', listInput))));
  return {
    read: (key) => {
      const answer = call('get', `${urlOf(key)}\n`);
      return isNotFound(answer) ? undefined : unpack(name, key, requireOk(name, answer));
    },
    write: (key, credential, assertLockHeld) => {
      const Secret = pack(key, credential);
      assertFits(name, Secret);
      const input = JSON.stringify({ ServerURL: urlOf(key), Username: account, Secret });
      assertLockHeld?.();
      const answer = call('store', `${input}\n`);
      if (!answer.ok) removeEmptyEntry(call, key);
      requireOk(name, answer);
    },
    erase: (key, assertLockHeld) => {
      assertLockHeld?.();
      const answer = call('erase', `${urlOf(key)}\n`);
      // The exit status is not reliable: some helpers fail if the entry does not exist, locked ones succeed without erasing.
      const remaining = call('get', `${urlOf(key)}\n`);
      if (isNotFound(remaining)) return;
      requireOk(name, answer);
      if (remaining.ok || listed(key.of).includes(key.name)) throw notErased(name, key);
    },
    names: listed,
  };
}

/** If `store` fails, docker-credential-pass leaves an empty directory, and every later `list` fails because of it. */
function removeEmptyEntry(call: Call, key: KeychainKey): void {
  if (isNotFound(call('get', `${urlOf(key)}\n`))) call('erase', `${urlOf(key)}\n`);
}

function notErased(name: string, key: KeychainKey): HelperError {
  return new HelperError('storage', `${name} still has the secret of ${key.name}`, {
    hint: unlockHint(name),
  });
}

/** Returns true for the host in the URLs of this program's keychain entries, which clients must not get. */
export function isOwnEntry({ name }: Pick<RegistryHost, 'name'>): boolean {
  return name === account;
}

/** Returns the ServerURL of an entry. */
export function urlOf({ of, name }: KeychainKey): string {
  return `${baseUrl}/${of}/${encodeURIComponent(name)}`;
}

function names(of: KeychainKey['of'], list: Readonly<Record<string, string>>): string[] {
  const prefix = `${baseUrl}/${of}/`;
  return Object.keys(list)
    .filter((url) => url.startsWith(prefix))
    .map((url) => decodeName(url.slice(prefix.length)))
    .sort();
}

/** Returns the bare secret if the rest is the default, so that users can read it in their keychain; else JSON. */
function pack({ name }: KeychainKey, { ServerURL, Username, Secret }: Credential): string {
  // `pass` returns no spaces and line ends around a secret.
  const isWhole = Secret === Secret.trim() && !hasControlCharacter(Secret);
  const isKey = isWhole && parseCredential(Secret) === undefined;
  const isBare = Username === defaultUsername && ServerURL === name && isKey;
  return isBare ? Secret : JSON.stringify({ ServerURL, Username, Secret });
}

function unpack(name: string, key: KeychainKey, text: string): Credential {
  const { Secret } = parseOutput(name, text);
  if (typeof Secret !== 'string' || Secret === '') {
    throw invalidOutput(name, 'no secret');
  }
  return parseCredential(Secret) ?? { ServerURL: key.name, Username: defaultUsername, Secret };
}

function requireOk(name: string, { ok, text }: HelperAnswer): string {
  if (ok) return text;
  throw new HelperError('storage', `${name} failed: ${oneLine(text)}`, {
    hint: unlockHint(name),
  });
}

function assertFits(name: string, secret: string): void {
  const length = Buffer.byteLength(secret);
  if (name !== 'wincred' || length <= maxWincredBytes) return;
  throw new HelperError(
    'storage',
    `wincred stores at most ${maxWincredBytes} bytes, but this secret has ${length}`,
    { hint: 'store secrets in files: --store file' },
  );
}

type Call = (verb: 'get' | 'store' | 'list' | 'erase', input: string) => HelperAnswer;

/**
 * `docker build` looks up about two dozen hosts. After a timeout, or after failed calls that took `callTimeoutMs` together
 * (as with a locked `pass`), the helper is not called again: the last failure is repeated.
 */
function withLimitedWait({ now }: Context, call: Call): Call {
  let timeout: HelperTimeoutError | undefined;
  let failedMs = 0;
  let lastFailure: HelperAnswer | undefined;
  return (verb, input) => {
    if (timeout !== undefined) throw timeout;
    if (lastFailure !== undefined && failedMs >= callTimeoutMs) return lastFailure;
    const startedAt = now();
    try {
      const answer = call(verb, input);
      if (answer.ok || isNotFound(answer)) return answer;
      failedMs += now() - startedAt;
      lastFailure = answer;
      return answer;
    } catch (error) {
      if (error instanceof HelperTimeoutError) timeout = error;
      throw error;
    }
  };
}
