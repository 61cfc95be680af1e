import { type Context, debug } from '../context.ts';
import { HelperError } from '../errors.ts';
import { listObjects, namespacesWith } from './object-metadata.ts';
import {
  readServiceAccount,
  type ServiceAccountSecrets,
  usePullSecret,
} from './pull-secret-use.ts';
import { type RefreshFailure, reportFailure } from './refresh-event.ts';
import { accountProfile, assertProfile, namespaceProfile } from './refresh-profile.ts';
import { accountSecretName, type ObjectMetadata } from './refreshed-secret.ts';
import { shareTokens } from './refresher-tokens.ts';
import { type Cluster, type RefreshOptions, type Renewal, renewSecret } from './renew-secret.ts';

/** The result for one Secret of a namespace. */
export type Refreshed =
  | ({ readonly secretName: string } & Renewal)
  | ({ readonly outcome: 'failed' } & RefreshFailure);

/**
 * Renews the Secrets of a namespace whose tokens are due: one of the namespace, and one for each service account with its own
 * trusted profile. Adds them to the service accounts. A failure does not stop the others.
 */
export async function refreshNamespace(
  context: Context,
  cluster: Cluster,
  options: RefreshOptions,
  namespace: ObjectMetadata,
): Promise<Refreshed[]> {
  const { secretName, serviceAccounts } = options;
  const results: Refreshed[] = [];
  const expiries = new Map<string, number>();
  const seen: Cluster['seen'] = (secret, expiresAt) => {
    expiries.set(secret.name, expiresAt);
    cluster.seen?.(secret, expiresAt);
  };
  const renew = (name: string, profile: string | undefined) =>
    renewSecret(context, { ...cluster, seen }, options, { namespace, name, profile });
  const attempt = async (name: string, refresh: () => Promise<Renewal | undefined>) => {
    try {
      const renewal = await refresh();
      if (renewal !== undefined) results.push({ secretName: name, ...renewal });
    } catch (error) {
      if (!(error instanceof HelperError)) throw error;
      debug(context, `${namespace.name}/${name}: ${error.stack}`);
      results.push({ outcome: 'failed', secretName: name, error, expiresAt: expiries.get(name) });
    }
  };

  /** The service accounts that use the Secret of the namespace. */
  const sharing: ServiceAccountSecrets[] = [];
  for (const name of serviceAccounts) {
    const own = accountSecretName(secretName, name);
    await attempt(own, async () => {
      const account = await readServiceAccount(cluster.api, namespace.name, name);
      const profile = accountProfile(namespace, account.metadata, options);
      if (profile === undefined) {
        sharing.push(account);
        return undefined;
      }
      const renewal = await renew(own, profile);
      if (renewal.outcome !== 'gone') await usePullSecret(cluster.api, account, own, secretName);
      return renewal;
    });
  }
  await attempt(secretName, async () => {
    const profile = namespaceProfile(namespace, options);
    const isUnused = serviceAccounts.length > 0 && sharing.length === 0;
    if (profile === undefined && isUnused && !options.usesApiKey) return undefined;
    assertProfile(profile, options);
    const renewal = await renew(secretName, profile);
    if (renewal.outcome === 'gone') return renewal;
    for (const account of sharing) {
      const own = accountSecretName(secretName, account.metadata.name);
      await usePullSecret(cluster.api, account, secretName, own);
    }
    return renewal;
  });
  // What else has failed is a consequence of the deletion.
  const gone = results.filter(({ outcome }) => outcome === 'gone');
  return gone.length > 0 ? gone : results;
}

/** Numbers of Secrets. */
interface RefreshResult {
  readonly renewed: number;
  readonly unchanged: number;
  readonly failed: number;
}

const parallel = 8;

/**
 * Renews the pull Secrets of all selected namespaces whose token is due, once. A failure is reported and does not stop the
 * others. Throws `refused` or `unreachable` if the namespaces cannot be listed.
 */
export async function refreshNamespaces(
  context: Context,
  cluster: Cluster,
  options: RefreshOptions,
): Promise<RefreshResult> {
  const counts = { renewed: 0, unchanged: 0, failed: 0, gone: 0 };
  const { items } = await listObjects(cluster.api, namespacesWith(options.selector));
  const remaining = items.filter(({ isDeleted }) => !isDeleted);
  const control = { now: context.now, random: Math.random };
  const requestToken = shareTokens(cluster.requestToken, control, options.intervalMs);
  const work = async () => {
    for (let next = remaining.pop(); next !== undefined; next = remaining.pop()) {
      const results = await refreshNamespace(context, { ...cluster, requestToken }, options, next);
      for (const result of results) {
        counts[result.outcome] += 1;
        if (result.outcome !== 'failed') continue;
        await reportFailure(context, cluster.api, next.name, result);
      }
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  const { gone: _, ...result } = counts;
  return result;
}
