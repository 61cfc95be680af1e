import type { ISecret } from 'kubernetes-models/v1';
import type { AccessToken } from '../iam/access-token.ts';
import { pullSecret } from './pull-secret.ts';

/** Metadata of an object of the API server. */
export interface ObjectMetadata {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A Secret is renewed at once if one of these changes. */
interface SecretContent {
  readonly hosts: readonly string[];
  /** The ID of the trusted profile, or `api-key`. */
  readonly identity: string;
}

const managedBy = { 'app.kubernetes.io/managed-by': 'docker-credential-icr' };
const owner = 'icr.io/refresher';
const expiry = 'icr.io/expires-at';
const renewal = 'icr.io/renew-after';
const content = 'icr.io/content';

/** IAM may be down for this long without a Secret that contains an expired token. */
const maxOutageMs = 30 * 60_000;
/** The CronJob's schedule; the manifest uses the same. */
export const intervalMinutes = 5;
/** Two intervals, because the first attempt and the one after an outage may each be one interval late; and the time of a run. */
const marginMs = (2 * intervalMinutes + 2) * 60_000;
/** Access tokens live for an hour; a later expiry was written by a clock that was wrong. */
const maxLifetimeMs = 65 * 60_000;

/** Returns true if the refresher with this name created the Secret. */
export function isOwn({ labels = {}, annotations = {} }: ObjectMetadata, name: string): boolean {
  const isLabelled = Object.entries(managedBy).every(([key, value]) => labels[key] === value);
  return isLabelled && annotations[owner] === name;
}

/** Returns true if a Secret of the refresher has to be renewed now. */
export function isDue(
  { annotations = {} }: ObjectMetadata,
  wanted: SecretContent,
  now: number,
): boolean {
  const renewAt = Date.parse(annotations[renewal] ?? '');
  const expiresAt = Date.parse(annotations[expiry] ?? '');
  const isFresh = now < renewAt && now < expiresAt && expiresAt < now + maxLifetimeMs;
  return !isFresh || annotations[content] !== textOf(wanted);
}

/**
 * Returns the Secret for server-side apply. If one exists, its UID and version are included: the API server then refuses the
 * change if it was replaced or changed in the meantime. `random` is from 0 to 1.
 */
export function refreshedSecret(
  { namespace, name, refresher }: { namespace: string; name: string; refresher: string },
  wanted: SecretContent,
  token: AccessToken,
  existing: ObjectMetadata | undefined,
  random: number,
): ISecret {
  const credentials = wanted.hosts.map((match) => ({
    match,
    username: 'iambearer',
    password: token.token,
  }));
  const secret = pullSecret(name, namespace, credentials);
  const version =
    existing === undefined ? {} : { uid: existing.uid, resourceVersion: existing.resourceVersion };
  return {
    ...secret,
    metadata: {
      ...secret.metadata,
      ...version,
      labels: managedBy,
      annotations: {
        [owner]: refresher,
        [content]: textOf(wanted),
        [expiry]: new Date(token.expiresAt).toISOString(),
        [renewal]: new Date(renewalTime(token, random)).toISOString(),
      },
    },
  };
}

/**
 * Early enough for an outage of IAM, and spread over a quarter of the time until then. Accounts can shorten the lifetime of
 * tokens; a quarter of it always passes before the next request.
 */
function renewalTime({ issuedAt, expiresAt }: AccessToken, random: number): number {
  const lifetimeMs = expiresAt - issuedAt;
  const waitMs = Math.max(lifetimeMs - maxOutageMs - marginMs, lifetimeMs / 4);
  return issuedAt + waitMs * (1 - random / 4);
}

function textOf({ hosts, identity }: SecretContent): string {
  return `${identity} ${hosts.join(' ')}`;
}
