import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import type { AccessToken } from '../iam/access-token.ts';
import { selectedNamespaces } from './object-metadata.ts';
import { usePullSecret } from './pull-secret-use.ts';
import { reportFailure } from './refresh-event.ts';
import { type Cluster, type RefreshOptions, renewSecret } from './renew-secret.ts';

export interface RefreshResult {
  readonly renewed: number;
  readonly unchanged: number;
  readonly failed: number;
}

const parallel = 8;

/**
 * Renews the pull Secrets of all selected namespaces whose token is due. A failure is reported and does not stop the others.
 * Throws `refused` or `unreachable` if the namespaces cannot be listed.
 */
export async function refreshNamespaces(
  context: Context,
  cluster: Cluster,
  options: RefreshOptions,
): Promise<RefreshResult> {
  const counts = { renewed: 0, unchanged: 0, failed: 0 };
  const namespaces = await selectedNamespaces(cluster.api, options.selector);
  const remaining = namespaces.filter(({ deletionTimestamp }) => deletionTimestamp === undefined);
  const shared: Cluster = { ...cluster, requestToken: oncePerProfile(cluster.requestToken) };
  const work = async () => {
    for (let next = remaining.pop(); next !== undefined; next = remaining.pop()) {
      if (cluster.stop?.aborted) return;
      try {
        const outcome = await renewSecret(context, shared, options, next);
        if (outcome === 'gone') continue;
        for (const account of options.serviceAccounts) {
          await usePullSecret(cluster.api, next.name, account, options.secretName);
        }
        counts[outcome] += 1;
      } catch (error) {
        if (!(error instanceof HelperError)) throw error;
        counts.failed += 1;
        cluster.failed?.(error);
        context.warn(`namespace ${next.name}: ${error.message}`, error.hint);
        await reportFailure(context, cluster.api, next.name, options.secretName, error);
      }
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
  return counts;
}

/** One request for each profile. If IAM is unreachable, it is not asked for the other profiles in this run. */
function oncePerProfile(requestToken: Cluster['requestToken']): Cluster['requestToken'] {
  const requests = new Map<string | undefined, Promise<AccessToken>>();
  let outage: HelperError | undefined;
  const request = async (profile: string | undefined) => {
    if (outage !== undefined) throw outage;
    try {
      return await requestToken(profile);
    } catch (error) {
      if (error instanceof HelperError && error.code === 'unreachable') outage = error;
      throw error;
    }
  };
  return (profile) => {
    const running = requests.get(profile) ?? request(profile);
    requests.set(profile, running);
    return running;
  };
}
