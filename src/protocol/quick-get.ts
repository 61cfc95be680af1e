import { configFolder, signedOutFile } from '../config/folders.ts';
import { noSettings, parseSettings, settingsFile } from '../config/settings.ts';
import { sentences } from '../errors.ts';
import { isIdentityToken } from '../identity/identity-token.ts';
import { mappingKeyFor } from '../identity/mapping-key.ts';
import { ambientVariables, ownVariable } from '../identity/variables.ts';
import { fileOf, parseCredential, setAsideEnding } from '../secrets/credential-file.ts';
import { replyMapped } from './quick-mapped.ts';
import { type Asked, found, type QuickFiles, type Reply, type Where } from './quick-reply.ts';

// What `get` answers nearly always, without node:fs, whose loading takes a fifth of the time of a whole `get`, and
// without the layers that know what else there may be. Nothing is decided here that could go wrong: no error, no
// warning, no write, no network. Whatever is not as usual is `undefined`, and left to `get`, which begins anew.

/** What `get` would answer to that input, or `undefined`. Rejects with whatever `read` does. */
export async function quickGet(
  { read }: QuickFiles,
  context: Where,
  input: Uint8Array,
): Promise<Reply | undefined> {
  const { env } = context;
  const host = plainIbmHost(input);
  if (host === undefined || env[ownVariable] || env.DOCKER_CREDENTIAL_ICR_DEBUG) return undefined;
  const folder = configFolder(context);
  if (folder === undefined) return undefined;
  const text = await read(settingsFile(folder));
  const settings = text === undefined ? noSettings : parseSettings(text);
  if (settings === undefined || (settings.store ?? 'file') !== 'file') return undefined;
  if ((await read(signedOutFile(folder, host))) !== undefined) return undefined;
  const asked = { read, context, host, folder, settings };
  if (text === undefined) return replyStored(asked);
  const key = mappingKeyFor(settings, { name: host, port: undefined, namespace: undefined });
  const mapping = key === undefined ? undefined : settings.mappings[key];
  return mapping === undefined ? replyStored(asked) : replyMapped(asked, mapping);
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
async function replyStored(asked: Asked): Promise<Reply | undefined> {
  const { read, context, host, folder, settings } = asked;
  const file = fileOf(folder, { of: 'host', name: host });
  const text = await read(file);
  if (text !== undefined) {
    const credential = parseCredential(text);
    if (credential === undefined || isIdentityToken(credential.Username)) return undefined;
    return found(host, credential.Username, credential.Secret);
  }
  if (settings.ibmcloudSession || settings.computeProfile !== undefined) return undefined;
  for (const variable of ambientVariables) if (context.env[variable]) return undefined;
  if ((await read(file + setAsideEnding)) !== undefined) return undefined;
  return { status: 1, line: `${sentences.notFound}\n` };
}
