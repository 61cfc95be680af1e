import { cacheFolder, configFolder, signedOutFile } from '../config/folders.ts';
import {
  type Mapping,
  noSettings,
  parseSettings,
  type Settings,
  settingsFile,
} from '../config/settings.ts';
import type { Context } from '../context.ts';
import { sentences } from '../errors.ts';
import { cacheFile, isFor, isUsable, parseEntry, refreshTokenOf } from '../iam/cached-token.ts';
import { isIdentityToken } from '../identity/identity-token.ts';
import { mappingKeyFor, own } from '../identity/mapping-key.ts';
import { isPresentable, mintedAs, presentation } from '../identity/present.ts';
import { ambientVariables, ownVariable } from '../identity/variables.ts';
import { fileOf, parseCredential, setAsideEnding } from '../secrets/credential-file.ts';

// What `get` answers nearly always, without node:fs, whose loading takes a fifth of the time of a whole `get`, and
// without the layers that know what else there may be. Nothing is decided here that could go wrong: no error, no
// warning, no write, no network. Whatever is not as usual is `undefined`, and left to `get`, which begins anew.
// In few functions: the first call of each takes 10 µs.

/** A faster way to look than node:fs. */
export interface QuickFiles {
  /** `undefined` where there is none. Throws what keeps it from being read, also that it is not small or not ASCII. */
  readonly read: (file: string) => string | undefined;
  /** Whether it is, for sure, a plain file that only its owner may read or write. Never rejects. */
  readonly isPrivate: (file: string) => Promise<boolean>;
  /** Whether there is anything of that name. */
  readonly exists: (file: string) => Promise<boolean>;
}

export interface Reply {
  readonly status: 0 | 1;
  /** For standard output. */
  readonly line: string;
}

/** A host that is plain, and what the settings say. */
interface Asked {
  readonly files: QuickFiles;
  readonly context: Pick<Context, 'env' | 'platform' | 'now'>;
  readonly host: string;
  /** Of settings and secrets. */
  readonly folder: string;
  readonly settings: Settings;
}

/** What `get` would answer to that input, or `undefined`. Throws whatever `read` does. */
export async function quickGet(
  files: QuickFiles,
  context: Asked['context'],
  input: Uint8Array,
): Promise<Reply | undefined> {
  const { env } = context;
  const host = plainIbmHost(input);
  if (host === undefined || env[ownVariable] || env.DOCKER_CREDENTIAL_ICR_DEBUG) return undefined;
  const folder = configFolder(context);
  if (folder === undefined) return undefined;
  const file = settingsFile(folder);
  const text = files.read(file);
  const settings = text === undefined ? noSettings : parseSettings(text);
  if (settings === undefined || (settings.store ?? 'file') !== 'file') return undefined;
  if (await files.exists(signedOutFile(folder, host))) return undefined;
  const asked = { files, context, host, folder, settings };
  const key =
    text === undefined
      ? undefined
      : mappingKeyFor(settings, { name: host, port: undefined, namespace: undefined });
  const mapping = key === undefined ? undefined : settings.mappings[key];
  const reply = await (mapping === undefined ? replyStored(asked) : replyMapped(asked, mapping));
  return text === undefined || (await files.isPrivate(file)) ? reply : undefined;
}

const newline = 0x0a;

/** One of IBM's hosts that no parser could read in two ways; not each of them. `undefined` for anything else. */
function plainIbmHost(input: Uint8Array): string | undefined {
  const length = input.at(-1) === newline ? input.length - 1 : input.length;
  if (length > 63) return undefined;
  let host = '';
  let before = 0x2e;
  for (let i = 0; i < length; i++) {
    const byte = input[i] ?? 0;
    const isPlain = (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x30 && byte <= 0x39);
    if (!isPlain && (byte !== 0x2e || before === 0x2e)) return undefined;
    host += String.fromCharCode(byte);
    before = byte;
  }
  return host === 'icr.io' || host.endsWith('.icr.io') ? host : undefined;
}

/** With what `docker login` stored; where there is nothing at all, with Docker's sentence. */
async function replyStored({ files, context, host, folder, settings }: Asked) {
  const file = fileOf(folder, { of: 'host', name: host });
  const text = files.read(file);
  if (text !== undefined) {
    const isPrivate = files.isPrivate(file);
    const credential = parseCredential(text);
    if (credential === undefined || isIdentityToken(credential.Username)) return undefined;
    const { Username, Secret } = credential;
    return (await isPrivate) ? found(host, Username, Secret) : undefined;
  }
  if (settings.ibmcloudSession || settings.computeProfile !== undefined) return undefined;
  for (const variable of ambientVariables) if (context.env[variable]) return undefined;
  if (await files.exists(file + setAsideEnding)) return undefined;
  return { status: 1, line: `${sentences.notFound}\n` } as const;
}

/** With the identity that the mapping names. A registry token's end has to be warned of. */
async function replyMapped(asked: Asked, mapping: Mapping): Promise<Reply | undefined> {
  const identity = own(asked.settings.identities, mapping.identity);
  if (identity === undefined || identity.kind === 'registry-token') return undefined;
  const username = presentation(identity, mapping);
  if (!isPresentable(identity, username)) return undefined;
  const isRooted = identity.kind !== 'trusted-profile';
  const root = isRooted ? await rootSecret(asked, mapping.identity) : '';
  if (root === undefined) return undefined;
  const minted = mintedAs(identity, username);
  const secret =
    minted === undefined
      ? root
      : await cachedToken(asked, mapping.identity, minted, identity.since);
  return secret === undefined ? undefined : found(asked.host, username, secret);
}

async function rootSecret({ files, folder }: Asked, name: string): Promise<string | undefined> {
  const file = fileOf(folder, { of: 'identity', name });
  const text = files.read(file);
  if (text === undefined || !(await files.isPrivate(file))) return undefined;
  return parseCredential(text)?.Secret;
}

/** One that nobody has to be asked about. */
async function cachedToken(
  { files, context, settings }: Asked,
  identity: string,
  minted: 'access token' | 'refresh token',
  since: number,
): Promise<string | undefined> {
  const folder = cacheFolder(context);
  if (folder === undefined) return undefined;
  const name = minted === 'access token' ? identity : refreshTokenOf(identity);
  const file = cacheFile(folder, name);
  const text = files.read(file);
  if (text === undefined || !(await files.isPrivate(file))) return undefined;
  const entry = parseEntry(text);
  if (entry === undefined || entry.failure !== undefined) return undefined;
  const endpoint = context.env.IBMCLOUD_IAM_API_ENDPOINT || settings.iamEndpoint;
  const now = context.now();
  return isFor(entry, { folder, name, since, endpoint }, now) && isUsable(entry, now)
    ? entry.token
    : undefined;
}

function found(ServerURL: string, Username: string, Secret: string): Reply {
  return { status: 0, line: `${JSON.stringify({ ServerURL, Username, Secret })}\n` };
}
