import type { Context } from '../context.ts';
import { listObjects, namespacesWith } from './object-metadata.ts';
import { reportFailure } from './refresh-event.ts';
import { refreshNamespace } from './refresh-namespace.ts';
import type { Cluster, RefreshOptions } from './renew-secret.ts';
import { shareTokens } from './shared-tokens.ts';

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
