import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import type { HttpAnswer } from '../http/send.ts';
import { isObject, parseObject } from '../json-object.ts';
import { type ClusterApi, fieldManager, refusal } from './cluster-api.ts';
import { readSecret } from './object-metadata.ts';
import type { ProfileOptions } from './refresh-profile.ts';
import {
  expiryOf,
  isDue,
  isOwn,
  type ObjectMetadata,
  refreshedSecret,
  renewalOf,
  renewalTime,
} from './refreshed-secret.ts';
import type { RequestToken } from './refresher-tokens.ts';

export interface RefreshOptions extends ProfileOptions {
  /** A label selector for namespaces. */
  readonly selector: string;
  readonly secretName: string;
  /** The keys of the Secret's entries. */
  readonly hosts: readonly string[];
  /** The name of this refresher, which its Secrets contain: a Secret of another one is not changed. */
  readonly refresher: string;
  /** Service accounts of each namespace whose pods use the Secret. */
  readonly serviceAccounts: readonly string[];
  /** The longest time from one attempt to renew a Secret to the next one. */
  readonly intervalMs: number;
}

export interface Cluster {
  readonly api: ClusterApi;
  readonly requestToken: RequestToken;
  /** Called with the expiry of the token in a Secret, in milliseconds since 1970. */
  readonly seen?: (secret: { namespace: string; name: string }, expiresAt: number) => void;
}

/** A Secret and the trusted profile of its token; without one, the API key is used. */
interface Target {
  readonly namespace: ObjectMetadata;
  readonly name: string;
  readonly profile: string | undefined;
}

/** Another program may change the Secret between the request and the change. */
const maxAttempts = 3;

/** A namespace that was deleted in the meantime is `gone`. `renewAt` is in milliseconds since 1970. */
export type Renewal =
  | { readonly outcome: 'renewed' | 'unchanged'; readonly renewAt: number }
  | { readonly outcome: 'gone' };

/** Renews a pull Secret if its token is due. Throws `refused`, `unreachable` or `misconfigured`. */
export async function renewSecret(
  { now }: Context,
  { api, requestToken, seen = () => {} }: Cluster,
  { hosts, refresher, intervalMs }: RefreshOptions,
  { namespace, name, profile }: Target,
): Promise<Renewal> {
  const wanted = { hosts, identity: profile ?? 'api-key' };
  const target = { namespace: namespace.name, name, refresher };
  const path = `/api/v1/namespaces/${namespace.name}/secrets/${name}`;
  for (let attempt = 1; ; attempt += 1) {
    const existing = await readSecret(api, path, name);
    if (existing !== undefined && !isOwn(existing, refresher)) throw foreign(name);
    if (existing !== undefined) seen(target, expiryOf(existing));
    if (existing !== undefined && !isDue(existing, wanted, now())) {
      return { outcome: 'unchanged', renewAt: renewalOf(existing) };
    }
    const token = await requestToken(profile);
    const renewAt = renewalTime(token, intervalMs);
    const answer = await api({
      method: 'PATCH',
      path,
      as: 'PartialObjectMetadata',
      patch: 'apply',
      // Replaces changes of other programs to this version of an own Secret. A new Secret must not replace one of theirs.
      query: { fieldManager, force: String(existing !== undefined) },
      body: refreshedSecret(target, wanted, token, existing, renewAt),
      secret: token.token,
    });
    if (answer.status >= 200 && answer.status <= 299) {
      seen(target, token.expiresAt);
      return { outcome: 'renewed', renewAt };
    }
    if (isGone(answer)) return { outcome: 'gone' };
    if (answer.status !== 409 || attempt === maxAttempts) {
      throw refusal(answer, `to change the Secret ${name}`, token.token);
    }
  }
}

/** The namespace was deleted after it was listed. */
function isGone({ status, text }: HttpAnswer): boolean {
  const { details } = parseObject(text) ?? {};
  const { causes } = isObject(details) ? details : {};
  const isCause = (each: unknown) => isObject(each) && each.reason === 'NamespaceTerminating';
  return status === 404 || (Array.isArray(causes) && causes.some(isCause));
}

function foreign(name: string): HelperError {
  return new HelperError('refused', `the Secret ${name} was not created by this refresher`, {
    hint: 'use another --secret-name, or delete the Secret',
  });
}
