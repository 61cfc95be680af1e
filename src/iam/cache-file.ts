import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { discardAside, namesIn, readPrivate, removeFile, writePrivate } from '../files.ts';

/** An access token as it rests in the cache. */
export interface CachedToken {
  readonly token: string;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** When the root secret was set: a token minted from an older one is worth nothing. */
  readonly since: number;
  /** The last attempt to renew it, where IAM could not be reached. */
  readonly failure?: { readonly at: number; readonly why: string };
}

export interface CacheKey {
  /** The cache folder, made with mode 0700 when needed; `undefined` where there is no place for one. */
  readonly folder: string | undefined;
  /** The identity, and whatever else the token depends on. */
  readonly name: string;
  readonly since: number;
  /** IAM's address where one is configured: another IAM's token is worth nothing. */
  readonly endpoint?: string | undefined;
}

const ending = '.json';
/** A machine's clock may be that wrong, in milliseconds. */
const clockSkew = 5 * 60_000;

/** What the cache holds for this root secret, old or not. A damaged file is none, and said to be so. */
export function readToken(context: Context, key: CacheKey): CachedToken | undefined {
  if (key.folder === undefined) return undefined;
  const file = cacheFile(key.folder, key.name);
  const text = readIfPossible(context, file);
  if (text === undefined) return undefined;
  const entry = parse(text);
  if (entry === undefined) {
    context.warn(`the cached access token in ${file} is damaged; a new one will take its place`);
    return undefined;
  }
  // On some systems `Work` and `work` are one file.
  if (entry.name !== key.name || entry.since !== key.since) return undefined;
  if (entry.endpoint !== key.endpoint) return undefined;
  return entry.issuedAt - context.now() > clockSkew ? undefined : entry;
}

/** Keeps it for the next client. A failure is a warning: there is a token to give all the same. */
export function writeToken(context: Context, key: CacheKey, token: CachedToken): void {
  const { folder, name, endpoint } = key;
  if (folder === undefined) return;
  try {
    const entry: CacheEntry = { name, endpoint, ...token };
    writePrivate(context, cacheFile(folder, name), `${JSON.stringify(entry)}\n`);
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    context.warn(`${error.message}; the next client will ask IAM again`);
  }
}

/** Removes what is cached. Throws `storage`. */
export function forgetToken({ folder, name }: Omit<CacheKey, 'since'>): void {
  if (folder !== undefined) removeFile(cacheFile(folder, name));
}

/** Removes every token, and leaves what else somebody keeps in that folder. Throws `storage`. */
export function forgetEveryToken(folder: string): void {
  for (const name of namesIn(folder)) {
    const file = path.join(folder, name);
    if (name.endsWith(ending) && isOurs(folder, file)) removeFile(file);
  }
  discardAside(folder);
}

/** Looks without tightening the mode: it may be somebody else's. */
function isOurs(folder: string, file: string): boolean {
  try {
    const entry = parse(fs.readFileSync(file, 'utf8'));
    return entry !== undefined && cacheFile(folder, entry.name) === file;
  } catch {
    return false;
  }
}

function cacheFile(folder: string, name: string): string {
  return path.join(folder, encodeURIComponent(name) + ending);
}

export function lockFolder(folder: string, name: string): string {
  return path.join(folder, `${encodeURIComponent(name)}.lock`);
}

interface CacheEntry extends CachedToken, Pick<CacheKey, 'name' | 'endpoint'> {}

function readIfPossible(context: Context, file: string): string | undefined {
  try {
    return readPrivate(context, file);
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    context.warn(`${error.message}; going on without the cache`);
    return undefined;
  }
}

function parse(text: string): CacheEntry | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isEntry(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isEntry(value: unknown): value is CacheEntry {
  if (typeof value !== 'object' || value === null) return false;
  const entry: Partial<Record<keyof CacheEntry, unknown>> = value;
  return (
    typeof entry.name === 'string' &&
    typeof entry.token === 'string' &&
    entry.token !== '' &&
    [entry.issuedAt, entry.expiresAt, entry.since].every(Number.isFinite) &&
    (entry.failure === undefined || isFailure(entry.failure))
  );
}

function isFailure(value: unknown): value is CachedToken['failure'] {
  if (typeof value !== 'object' || value === null) return false;
  return (
    'at' in value && Number.isFinite(value.at) && 'why' in value && typeof value.why === 'string'
  );
}
