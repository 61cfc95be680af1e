import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { callHelper, eraseWith, type HelperAnswer, isNotFound } from './helper-process.ts';
import type { Credential, SecretKey, SecretStore } from './store.ts';

/** What Windows' credential manager keeps at most, in bytes (CRED_MAX_CREDENTIAL_BLOB_SIZE). */
const windowsLimit = 2560;

/** Keeps secrets in a keychain, through the credential helper that Docker itself would use for it. */
export function helperStore(context: Context, name: string): SecretStore {
  const call = (verb: 'get' | 'store' | 'list', input: string) =>
    callHelper(context, name, verb, input);
  return {
    read: (key) => {
      const answer = call('get', `${urlOf(key)}\n`);
      if (isNotFound(answer)) return undefined;
      return parseCredential(name, key, requireOk(name, answer));
    },
    write: (key, { Username, Secret }) => {
      refuseTooLong(name, Secret);
      const credential = { ServerURL: urlOf(key), Username, Secret };
      requireOk(name, call('store', `${JSON.stringify(credential)}\n`), Secret);
    },
    erase: (key) => {
      requireOk(name, eraseWith(context, name, `${urlOf(key)}\n`));
    },
    names: (of) => names(of, parseList(name, requireOk(name, call('list', '\n')))),
  };
}

/** Keychains show it to people, so it says whose it is; some take it apart as a URL. */
const base = 'https://docker-credential-icr';

function urlOf({ of, name }: SecretKey): string {
  return `${base}/${of}/${encodeURIComponent(name)}`;
}

function names(of: SecretKey['of'], urls: readonly string[]): string[] {
  const prefix = `${base}/${of}/`;
  return urls
    .filter((url) => url.startsWith(prefix))
    .map((url) => decodeURIComponent(url.slice(prefix.length)))
    .sort();
}

function requireOk(name: string, { ok, text }: HelperAnswer, secret?: string): string {
  if (ok) return text;
  const said = secret === undefined ? text : text.replaceAll(secret, '***');
  throw new HelperError('storage', `the secret store ${name} failed: ${oneLine(said)}`);
}

function oneLine(text: string): string {
  const line = text.replace(/\p{C}+/gu, ' ').trim();
  return line.length > 200 ? `${line.slice(0, 200)}…` : line || 'it did not say why';
}

function parseCredential(name: string, key: SecretKey, text: string): Credential {
  const value = parseObject(name, text);
  const { ServerURL, Username, Secret } = value;
  if (typeof ServerURL === 'string' && typeof Username === 'string' && typeof Secret === 'string') {
    if (Username !== '' && Secret !== '') return { ServerURL: key.name, Username, Secret };
  }
  throw nonsense(name);
}

function parseList(name: string, text: string): string[] {
  // Some helpers print null, or nothing, where they keep nothing.
  return text === '' || text === 'null' ? [] : Object.keys(parseObject(name, text));
}

function parseObject(name: string, text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // The parser's message would quote what may be a secret.
  }
  throw nonsense(name);
}

function nonsense(name: string): HelperError {
  return new HelperError(
    'storage',
    `docker-credential-${name} answered something that is no answer`,
  );
}

function refuseTooLong(name: string, secret: string): void {
  const length = Buffer.byteLength(secret);
  if (name !== 'wincred' || length <= windowsLimit) return;
  throw new HelperError(
    'storage',
    `Windows keeps ${windowsLimit} bytes and this secret has ${length}; use --store file`,
  );
}
