import type { IdentitySettings } from '../../config/settings.ts';
import { trustedEndpoint } from '../../config/trusted-endpoint.ts';
import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import type { Grant, TokenOptions } from '../../iam/token-request.ts';
import { validTime } from '../../identity/expiry.ts';
import { type Expiring, expiryText, isDue } from '../expiry-notice.ts';
import {
  type CheckInput,
  type Finding,
  failure,
  ok,
  problem,
  requestLimitMs,
  skipped,
  warning,
} from './check.ts';

export interface Verification {
  readonly message: string;
  /** When the credential expires (milliseconds since 1970), if known. */
  readonly expiresAt?: number;
  /** When it was issued (milliseconds since 1970), if known. */
  readonly issuedAt?: number;
  /** When the API key was last changed (milliseconds since 1970), if known. */
  readonly modifiedAt?: number | undefined;
}

/** Requests a token from IAM like `get`, and discards it. Throws `refused`, `unreachable` or `misconfigured`. */
export async function askIam(
  { context, snapshot }: CheckInput,
  { kind, profile, owner }: Pick<IdentitySettings, 'kind' | 'profile' | 'owner'>,
  secret: string,
): Promise<Verification> {
  const endpoint = trustedEndpoint(context, snapshot.settings);
  const options: TokenOptions = {
    owner: kind === 'api-key' ? 'the API key' : `trusted profile ${profile}`,
    hint: '',
    deadline: context.now() + requestLimitMs,
    ...(endpoint === undefined ? {} : { endpoint }),
  };
  const whose = owner === undefined ? '' : ` (${owner})`;
  if (kind === 'trusted-profile') {
    const { requestComputeToken } = await import('../../iam/compute-token.ts');
    await requestComputeToken(context, profile, options);
    return { message: `IAM accepts it${whose}` };
  }
  const { token } = await request(context, { kind: 'api-key', apiKey: secret }, options);
  const { apiKeyDetails } = await import('../../iam/api-keys.ts');
  const { locked, expiresAt, modifiedAt } = await apiKeyDetails(context, secret, token, options);
  if (profile !== undefined) {
    const assume: Grant = { kind: 'assume', accessToken: token, profile: { id: profile } };
    const as = { ...options, owner: `the API key as trusted profile ${profile}` };
    await request(context, assume, as);
  }
  const message = `IAM accepts its API key${whose}${locked ? ', which is locked' : ''}`;
  return expiresAt === undefined ? { message } : { message, expiresAt, modifiedAt };
}

async function request(context: Context, grant: Grant, options: TokenOptions) {
  const { requestToken } = await import('../../iam/token-request.ts');
  return requestToken(context, grant, options);
}

/**
 * Converts the result of a verification to a finding: an error if the credential has expired, a warning if it expires
 * soon. `hintFor` returns the next step.
 */
export function expiryFinding(
  { now }: Context,
  kind: Expiring['kind'],
  { message, issuedAt, modifiedAt, ...known }: Verification,
  hintFor: (isExpired: boolean) => string,
): Finding {
  const expiresAt = validTime(known.expiresAt);
  if (expiresAt === undefined) return ok(message);
  const issue = issuedAt === undefined ? {} : { issuedAt };
  const expiring = { kind, expiresAt, modifiedAt, ...issue };
  const text = expiryText(expiring, now());
  const line = `${message}; ${text}`;
  const soon = isDue(expiring, now()) ? warning(line, hintFor(false)) : ok(line);
  const finding = expiresAt <= now() ? problem(text, hintFor(true)) : soon;
  return { ...finding, expiresAt: new Date(expiresAt).toISOString() };
}

/** Converts the error of a request to a finding; `skipped` if IAM is unreachable, which the check `IAM` reports. */
export async function requestFailure(
  { iam }: CheckInput,
  error: HelperError,
  hint: string | undefined,
): Promise<Finding> {
  const isNetwork = error.code === 'unreachable' && error.reason !== 'metadata';
  if (isNetwork && (await iam()) instanceof HelperError) {
    return skipped('not tried: IAM cannot be reached');
  }
  return failure(error, isNetwork ? undefined : hint);
}
