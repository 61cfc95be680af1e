import type { IdentitySettings } from '../../config/settings.ts';
import { trustedEndpoint } from '../../config/trusted-endpoint.ts';
import type { Context } from '../../context.ts';
import type { Grant, TokenOptions } from '../../iam/token-request.ts';
import type { CheckInput } from './check.ts';

export interface Verification {
  readonly message: string;
  /** When the credential expires (milliseconds since 1970), if known. */
  readonly expiresAt?: number;
  /** When it was issued (milliseconds since 1970), if known. */
  readonly issuedAt?: number;
  /** When the API key was last changed (milliseconds since 1970), if known. */
  readonly modifiedAt?: number | undefined;
}

/** Less than the timeout of the check, so that the error of the request is reported. */
const requestLimitMs = 9000;

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
