import { HelperError } from '../errors.ts';
import type { AccessToken } from '../iam/access-token.ts';
import { backoffMs, type LoopControl } from './loop-control.ts';
import { renewalTime } from './refreshed-secret.ts';

/** Requests an access token of a trusted profile, or with the API key without a profile. */
export type RequestToken = (profile: string | undefined) => Promise<AccessToken>;

/** A result that is used for further requests until this time. */
interface Shared {
  readonly result: Promise<AccessToken>;
  until: number;
  failures: number;
}

/**
 * Returns a function that shares the token of a profile until it is due for renewal, so that all namespaces with the same
 * profile cause one request to IAM. After a failure, it is requested again with exponential backoff; if IAM was unreachable, so
 * are those of other profiles.
 */
export function shareTokens(
  requestToken: RequestToken,
  { now, random }: Pick<LoopControl, 'now' | 'random'>,
  intervalMs: number,
): RequestToken {
  const profiles = new Map<string | undefined, Shared>();
  let outage = { failures: 0, until: 0, error: new Error() };

  const request = async (profile: string | undefined, shared: () => Shared) => {
    try {
      const token = await requestToken(profile);
      Object.assign(shared(), { until: renewalTime(token, intervalMs), failures: 0 });
      outage = { ...outage, failures: 0, until: 0 };
      return token;
    } catch (error) {
      const failures = shared().failures + 1;
      Object.assign(shared(), { until: now() + backoffMs(failures, random()), failures });
      if (error instanceof HelperError && error.code === 'unreachable') {
        const count = outage.failures + 1;
        outage = { failures: count, until: now() + backoffMs(count, random()), error };
      }
      throw error;
    }
  };
  return async (profile) => {
    const known = profiles.get(profile);
    if (known !== undefined && now() < known.until) return known.result;
    if (now() < outage.until) throw outage.error;
    const shared: Shared = {
      result: Promise.resolve().then(() => request(profile, () => shared)),
      until: Number.POSITIVE_INFINITY,
      failures: known?.failures ?? 0,
    };
    profiles.set(profile, shared);
    return shared.result;
  };
}
