import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import type { AccessToken } from '../iam/access-token.ts';
import { readProjectedToken } from '../iam/compute-token.ts';
import { requestToken } from '../iam/token-request.ts';
import { trustedProfile } from '../iam/trusted-profile.ts';
import { apiKeyIn } from '../identity/api-key-variable.ts';
import { backoffMs, type LoopControl } from './loop-control.ts';
import { renewalTime } from './refreshed-secret.ts';

interface TokenOptions {
  /** The file with the service account token of this pod for the audience of IAM. */
  readonly tokenFile: string;
  /** A file with an API key, instead of trusted profiles. */
  readonly apiKeyFile: string | undefined;
}

/**
 * Returns a function that requests an access token from IAM, without a cache. The function throws `misconfigured`, `storage`, `damaged`, `refused` or `unreachable`.
 */
export function tokenRequester(
  context: Context,
  { tokenFile, apiKeyFile }: TokenOptions,
): RequestToken {
  return async (profile) => {
    if (profile === undefined) {
      const apiKey = apiKeyIn('--api-key-file', `@${apiKeyFile}`);
      return requestToken(
        context,
        { kind: 'api-key', apiKey },
        { owner: `the API key in ${apiKeyFile}`, hint: 'replace the API key in the Secret' },
      );
    }
    const crToken = readProjectedToken([tokenFile]);
    if (crToken === undefined) throw noToken(tokenFile);
    const grant = { kind: 'compute-resource', crToken, profile: trustedProfile(profile) } as const;
    return requestToken(context, grant, {
      owner: `this pod as trusted profile ${profile}`,
      hint: `let ${profile} trust the service account of this pod`,
    });
  };
}

function noToken(file: string): HelperError {
  return new HelperError('misconfigured', `${file} does not exist`, {
    hint: 'mount a service account token with the audience iam there',
  });
}

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
