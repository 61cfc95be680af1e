import { cacheFolder } from '../config/folders.ts';
import type { Mapping } from '../config/settings.ts';
import { cacheFile, isFor, isUsable, parseEntry, refreshTokenOf } from '../iam/cached-token.ts';
import { own } from '../identity/mapping-key.ts';
import { isPresentable, mintedAs, presentation } from '../identity/present.ts';
import { fileOf, parseCredential } from '../secrets/credential-file.ts';
import { type Asked, found, type Reply } from './quick-reply.ts';

/** With the identity that the mapping names. A registry token's end has to be warned of. */
export async function replyMapped(asked: Asked, mapping: Mapping): Promise<Reply | undefined> {
  const { read, folder, settings } = asked;
  const { identity: name } = mapping;
  const identity = own(settings.identities, name);
  if (identity === undefined || identity.kind === 'registry-token') return undefined;
  const username = presentation(identity, mapping);
  if (!isPresentable(identity, username)) return undefined;
  const minted = mintedAs(identity, username);
  const token = minted && (await cachedToken(asked, name, minted, identity.since));
  if (minted !== undefined && token === undefined) return undefined;
  const isRooted = identity.kind !== 'trusted-profile';
  const text = isRooted ? await read(fileOf(folder, { of: 'identity', name })) : undefined;
  const root = text === undefined ? undefined : parseCredential(text);
  if (isRooted && root === undefined) return undefined;
  const secret = token ?? root?.Secret;
  return secret === undefined ? undefined : found(asked.host, username, secret);
}

/** One that nobody has to be asked about. */
async function cachedToken(
  { read, context, settings }: Asked,
  identity: string,
  minted: 'access token' | 'refresh token',
  since: number,
): Promise<string | undefined> {
  const folder = cacheFolder(context);
  if (folder === undefined) return undefined;
  const name = minted === 'access token' ? identity : refreshTokenOf(identity);
  const text = await read(cacheFile(folder, name));
  const entry = text === undefined ? undefined : parseEntry(text);
  if (entry === undefined || entry.failure !== undefined) return undefined;
  const endpoint = context.env.IBMCLOUD_IAM_API_ENDPOINT || settings.iamEndpoint;
  const now = context.now();
  return isFor(entry, { folder, name, since, endpoint }, now) && isUsable(entry, now)
    ? entry.token
    : undefined;
}
