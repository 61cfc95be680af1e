import type { ISecret } from 'kubernetes-models/v1';
import type { AccessToken } from '../iam/access-token.ts';
import { tokenFraction } from '../iam/cached-token.ts';
import { isObject, type JsonObject } from '../json-object.ts';
import { fieldManager } from './cluster-api.ts';
import { pullSecret } from './pull-secret.ts';

/** Metadata of an object of the API server. */
export interface ObjectMetadata {
  readonly name: string;
  /** Of a namespace, its name. */
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** It was deleted, and is removed when it is empty. */
  readonly isDeleted: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly managedFields: readonly JsonObject[];
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
/**
 * The longest time from one attempt to renew a Secret to the next one: the schedule of the CronJob; the checks of the Deployment,
 * or its longest wait after a failure of IAM and of the namespace.
 */
export const intervalsMs = { cronjob: 5 * 60_000, deployment: 2 * 60_000 } as const;
/** The time of a run, beyond the intervals between the attempts. */
const runMs = 2 * 60_000;
/** Access tokens live for an hour; a later expiry was written by a clock that was wrong. */
const maxLifetimeMs = 65 * 60_000;

/** Returns the name of the Secret of a service account with its own trusted profile. */
export function accountSecretName(secretName: string, account: string): string {
  return `${secretName}-${account}`;
}

/** Returns the names of all Secrets that the refresher may keep in a namespace. */
export function secretNames({
  secretName,
  serviceAccounts,
}: {
  readonly secretName: string;
  readonly serviceAccounts: readonly string[];
}): string[] {
  return [secretName, ...serviceAccounts.map((each) => accountSecretName(secretName, each))];
}

/** Returns true if the refresher with this name created the Secret. */
export function isOwn({ labels, annotations }: ObjectMetadata, name: string): boolean {
  const isLabelled = Object.entries(managedBy).every(([key, value]) => labels[key] === value);
  return isLabelled && annotations[owner] === name;
}

/** Returns when the token in a Secret expires, in milliseconds since 1970; NaN if the Secret does not contain it. */
export function expiryOf({ annotations }: Pick<ObjectMetadata, 'annotations'>): number {
  return Date.parse(annotations[expiry] ?? '');
}

/** Returns when a Secret is to be renewed, in milliseconds since 1970; NaN if the Secret does not contain it. */
export function renewalOf({ annotations }: Pick<ObjectMetadata, 'annotations'>): number {
  return Date.parse(annotations[renewal] ?? '');
}

/** Returns true if another program has changed the credentials in a Secret; its metadata shows who changed which field. */
function isEdited({ managedFields }: ObjectMetadata): boolean {
  return managedFields.some(({ manager, fieldsV1 }) => {
    const { 'f:data': data } = isObject(fieldsV1) ? fieldsV1 : {};
    return manager !== fieldManager && isObject(data) && 'f:.dockerconfigjson' in data;
  });
}

/** Returns true if a Secret of the refresher contains a valid token, and was not edited by another program. */
export function isFresh(secret: ObjectMetadata, now: number): boolean {
  const expiresAt = expiryOf(secret);
  const isValid = now < expiresAt && expiresAt < now + maxLifetimeMs;
  return isValid && now < renewalOf(secret) && !isEdited(secret);
}

/** Returns true if a Secret of the refresher has to be renewed now. */
export function isDue(secret: ObjectMetadata, wanted: SecretContent, now: number): boolean {
  return !isFresh(secret, now) || secret.annotations[content] !== textOf(wanted);
}

/**
 * Returns the Secret for server-side apply. If one exists, its UID and version are included: the API server then refuses the
 * change if it was replaced or changed in the meantime.
 */
export function refreshedSecret(
  { namespace, name, refresher }: { namespace: string; name: string; refresher: string },
  wanted: SecretContent,
  token: AccessToken,
  existing: ObjectMetadata | undefined,
  renewAt: number,
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
        [renewal]: new Date(renewAt).toISOString(),
      },
    },
  };
}

/**
 * Returns when to renew a token: early enough for an outage of IAM, and up to a quarter of that time earlier, so that clusters
 * that started together do not renew together. The attempt before an outage and the one after it may each be one interval
 * late. Accounts can shorten the lifetime of tokens; three sixteenths of it always pass before the next request. The time
 * depends on the token only, so all Secrets with one token are renewed together.
 */
export function renewalTime(
  { token, issuedAt, expiresAt }: AccessToken,
  intervalMs: number,
): number {
  const lifetimeMs = expiresAt - issuedAt;
  const waitMs = Math.max(lifetimeMs - maxOutageMs - 2 * intervalMs - runMs, lifetimeMs / 4);
  return issuedAt + waitMs * (1 - tokenFraction(token) / 4);
}

function textOf({ hosts, identity }: SecretContent): string {
  return `${identity} ${hosts.join(' ')}`;
}
