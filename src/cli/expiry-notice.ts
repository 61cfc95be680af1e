import fs from 'node:fs';
import { configFolder } from '../config/folders.ts';
import { type IdentitySettings, isUsable, type Settings } from '../config/settings.ts';
import type { Context } from '../context.ts';
import { dateOf, validTime, warnBeforeMs } from '../identity/expiry.ts';
import { loginCommand, rotateCommand, secretNames } from '../identity/login-command.ts';
import { isIbmHost } from '../registry/match.ts';
import { parseServerURL } from '../registry/parse.ts';
import { fileOf } from '../secrets/credential-file.ts';
import { duration } from './output.ts';

const dayMs = 24 * 60 * 60_000;
/** IAM deletes an API key this long after its expiry and its last change, whichever is later. */
const keptAfterExpiryMs = 90 * dayMs;
/** IAM invalidates an unused refresh token after at most this time. */
const longestSessionMs = 3 * dayMs;

/** A stored credential that expires. Times are in milliseconds since 1970. */
export interface Expiring {
  readonly kind: IdentitySettings['kind'];
  readonly expiresAt: number;
  readonly issuedAt?: number;
  /** The last change of an API key. */
  readonly modifiedAt?: number | undefined;
}

/**
 * Returns true if the credential expires within 14 days. For shorter lifetimes the warning comes later: in the last day of a
 * session, and in the last tenth of a registry token with a lifetime of at most two days.
 */
export function isDue({ kind, expiresAt, issuedAt }: Expiring, now: number): boolean {
  const lifetimeMs = expiresAt - (issuedAt ?? Number.NEGATIVE_INFINITY);
  const isShort = lifetimeMs <= 2 * dayMs;
  const beforeMs = kind === 'refresh-token' ? dayMs : isShort ? lifetimeMs / 10 : warnBeforeMs;
  return expiresAt - now < beforeMs;
}

/** Returns `expires in 12 days (2026-03-14)`, or that it has expired, and when IBM deletes an API key. */
export function expiryText({ kind, expiresAt, modifiedAt = 0 }: Expiring, now: number): string {
  const leftMs = expiresAt - now;
  if (leftMs > 0) {
    const unused = kind === 'refresh-token' ? ' unless it is used' : '';
    return `expires in ${duration(leftMs)}${unused} (${dateOf(expiresAt)})`;
  }
  const expired = `expired on ${dateOf(expiresAt)}`;
  if (kind !== 'api-key') return expired;
  const deletedAt = Math.max(expiresAt, modifiedAt) + keptAfterExpiryMs;
  const when = deletedAt > now ? `on ${dateOf(deletedAt)}` : '90 days after its last change';
  return `${expired}; IBM deletes it ${when}`;
}

/** Returns the command that replaces the credential. An expired API key cannot call IAM to replace itself. */
export function renewHint(
  name: string,
  identity: Pick<IdentitySettings, 'kind' | 'profile'>,
  isExpired: boolean,
): string {
  const canRotate = identity.kind === 'api-key' && !isExpired;
  const command = canRotate
    ? `${rotateCommand(name)} --expires-in 90d`
    : loginCommand(name, identity);
  return `run ${command}`;
}

/** Returns when the session ends if it is not used again; undefined if its last use is not known. */
export function sessionEnd(directory: string | undefined, identity: string): number | undefined {
  if (directory === undefined) return undefined;
  const file = fileOf(directory, { of: 'identity', name: identity });
  try {
    return Math.floor(fs.statSync(file).mtimeMs) + longestSessionMs;
  } catch {
    // The secret is in a keychain, or cannot be read, which the lookup reports.
    return undefined;
  }
}

/** A warning of a credential that expires soon or has expired; an element of `warnings` in the JSON of `status`. */
export interface ExpiryNotice {
  /** Absent for a registry token that `docker login` stored. */
  readonly identity?: string;
  readonly message: string;
  readonly hint: string;
}

/** A host with a credential that expires (ISO 8601). */
interface HostEnd {
  readonly host: string;
  readonly identity?: string;
  readonly presentedAs?: string;
  readonly endsAt?: string;
}

/**
 * Returns the notices of all identities, and of registry tokens that `docker login` stored for the hosts. Sends no request:
 * the times are those that IAM returned last.
 */
export function expiryNotices(
  context: Context,
  { identities }: Settings,
  hosts: readonly HostEnd[],
): ExpiryNotice[] {
  const now = context.now();
  const ofHosts = hosts.flatMap(({ host, identity, presentedAs, endsAt }): ExpiryNotice[] => {
    if (identity !== undefined || presentedAs !== 'token' || endsAt === undefined) return [];
    return tokenNotices(host, Date.parse(endsAt), now);
  });
  const ofIdentities = Object.entries(identities).flatMap(([name, identity]) => {
    if (!isUsable(identity)) return [];
    const { kind, secretSetAt: issuedAt } = identity;
    const expiresAt = endOf(context, name, identity);
    if (expiresAt === undefined) return [];
    const expiring = { kind, expiresAt, ...(kind === 'registry-token' ? { issuedAt } : {}) };
    if (!isDue(expiring, now)) return [];
    const what = `the ${secretNames[kind]} of identity ${name}`;
    const hint = renewHint(name, identity, expiresAt <= now);
    return [{ identity: name, message: `${what} ${expiryText(expiring, now)}`, hint }];
  });
  return [...ofIdentities, ...ofHosts];
}

/** Returns the notice of a registry token that `docker login` stored, or nothing. */
export function tokenNotices(host: string, expiresAt: number, now: number): ExpiryNotice[] {
  const parsed = parseServerURL(host);
  const expiring = { kind: 'registry-token', expiresAt } as const;
  if ('problem' in parsed || !isIbmHost(parsed) || !isDue(expiring, now)) return [];
  const message = `the registry token for ${host} ${expiryText(expiring, now)}`;
  return [{ message, hint: `run docker-credential-icr login ${host}` }];
}

/** Returns when the credential of an identity expires, if known. */
export function endOf(
  context: Context,
  name: string,
  { kind, expiresAt }: IdentitySettings,
): number | undefined {
  if (expiresAt !== undefined) return validTime(expiresAt);
  return kind === 'refresh-token' ? sessionEnd(configFolder(context), name) : undefined;
}
