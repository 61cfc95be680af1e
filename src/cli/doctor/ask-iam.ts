import type { IdentitySettings } from '../../config/settings.ts';
import { trustedEndpoint } from '../../config/trusted-endpoint.ts';
import type { Context } from '../../context.ts';
import type { AccessToken, Grant, TokenOptions } from '../../iam/token.ts';
import type { Examined } from './check.ts';

export interface Verdict {
  readonly message: string;
  /** Milliseconds since 1970, where it is known. */
  readonly endsAt?: number;
  /** Milliseconds before that from which on it is warned of; a week by default. */
  readonly near?: number;
}

/** Milliseconds: less than a check may take, so that it is our own error that is shown. */
const patience = 9000;

/**
 * Asks IAM for a token as `get` would, and keeps none. Throws `refused`, whose message ends where the advice
 * would begin, `unreachable`, `misconfigured`.
 */
export async function askIam(
  { context, look }: Examined,
  { kind, profile, owner }: Pick<IdentitySettings, 'kind' | 'profile' | 'owner'>,
  secret: string,
): Promise<Verdict> {
  const endpoint = trustedEndpoint(context, look.readableSettings());
  const options: TokenOptions = {
    owner: kind === 'api-key' ? 'the API key' : `trusted profile ${profile}`,
    hint: '',
    deadline: context.now() + patience,
    ...(endpoint === undefined ? {} : { endpoint }),
  };
  const whose = owner === undefined ? '' : ` (${owner})`;
  if (kind === 'trusted-profile') {
    const { requestComputeToken } = await import('../../iam/compute.ts');
    await requestComputeToken(context, profile, options);
    return { message: `IAM accepts it${whose}` };
  }
  const token = await grant(context, { kind: 'api-key', apiKey: secret }, options);
  const { apiKeyDetails } = await import('../../iam/api-keys.ts');
  const { locked, expiresAt } = await apiKeyDetails(context, secret, token.token, options);
  if (profile !== undefined) await assume(context, token, profile, options);
  const guarded = locked ? ', locked against change' : '';
  return {
    message: `IAM accepts its API key${whose}${guarded}`,
    ...(expiresAt === undefined ? {} : { endsAt: expiresAt }),
  };
}

function assume(context: Context, { token }: AccessToken, id: string, options: TokenOptions) {
  const as = { ...options, owner: `the API key as trusted profile ${id}` };
  return grant(context, { kind: 'assume', accessToken: token, profile: { id } }, as);
}

async function grant(context: Context, asked: Grant, options: TokenOptions): Promise<AccessToken> {
  const { requestToken } = await import('../../iam/token.ts');
  return requestToken(context, asked, options);
}
