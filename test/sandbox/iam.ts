import { iamIssuer, signAccessToken } from './access-token.ts';
import type { Accounts } from './accounts.ts';
import type { Cloud } from './cloud.ts';
import { type Answer, type Asked, json, type Service } from './exchange.ts';
import { grants, required } from './grants.ts';
import { IamRefusal } from './iam-errors.ts';
import { createIdentityApi } from './identity-api.ts';

/** What IBM's own CLI calls itself: only its tokens can be refreshed. */
const cliClient = { userName: 'bx', password: 'bx' };

function isCli({ basic }: Asked): boolean {
  return basic?.userName === cliClient.userName && basic.password === cliClient.password;
}

/** Who asks, and by which grant; throws `IamRefusal`. */
async function prove(asked: Asked, cloud: Cloud) {
  const grantType = required(asked.form, 'grant_type');
  const grant = grants.get(grantType);
  if (grant === undefined) {
    throw new IamRefusal('BXNIM0106E', `Property 'grant_type' has no value '${grantType}'.`);
  }
  if (grantType === 'refresh_token' && !isCli(asked)) {
    throw new IamRefusal('BXNIM0407E', 'The refresh token was issued to another client.');
  }
  const subject = await grant.prove(asked, cloud);
  if (subject.needsExternalAuthentication) {
    throw new IamRefusal('BXNIM0400E', 'Failed external authentication.');
  }
  return { grantType, grant, subject };
}

/** The next of the session that was given, or the first of a new one. */
function nextRefreshToken(asked: Asked, grantType: string, owner: string, accounts: Accounts) {
  if (grantType !== 'refresh_token') return accounts.addRefreshToken({ owner });
  const next = accounts.rotateRefreshToken(asked.form.get('refresh_token') ?? '');
  if (next !== undefined) return next;
  throw new IamRefusal('BXNIM0407E', 'The refresh token was used a moment ago.');
}

async function grantTokens(asked: Asked, cloud: Cloud): Promise<Answer> {
  const { signer, accounts, lifetimes } = cloud;
  const { grantType, grant, subject } = await prove(asked, cloud);
  const refresh =
    isCli(asked) && grant.refreshable
      ? nextRefreshToken(asked, grantType, subject.iamId, accounts)
      : undefined;
  const lifetime = lifetimes.accessToken;
  const accessToken = await signAccessToken(signer, {
    subject,
    grantType,
    clientId: isCli(asked) ? cliClient.userName : 'default',
    sessionId: refresh?.sessionId,
    lifetime,
  });
  return json(200, {
    access_token: accessToken,
    refresh_token: refresh?.value ?? 'not_supported',
    ...(refresh !== undefined && { session_id: refresh.sessionId }),
    ...(subject.type === 'User' && { ims_user_id: 10212345 }),
    token_type: 'Bearer',
    expires_in: lifetime,
    expiration: Math.floor(signer.clock() / 1000) + lifetime,
    scope: 'ibm openid',
  });
}

/** Where the passcode page and the rest are, on the very host that was asked. */
function openIdConfiguration({ host }: Asked): Answer {
  const base = `https://${host}/identity`;
  return json(200, {
    issuer: iamIssuer,
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: `${base}/token`,
    passcode_endpoint: `${base}/passcode`,
    userinfo_endpoint: `${base}/userinfo`,
    jwks_uri: `${base}/keys`,
    response_types_supported: ['code', 'token', 'cloud_iam'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
  });
}

export function createIam(cloud: Cloud): Service {
  const routes = new Map<string, Service>([
    ['POST /identity/token', (asked) => grantTokens(asked, cloud)],
    ['GET /identity/.well-known/openid-configuration', openIdConfiguration],
  ]);
  const identity = createIdentityApi(cloud);
  return async (asked) => {
    const answer = routes.get(`${asked.method} ${asked.path}`) ?? identity;
    try {
      return await answer(asked);
    } catch (error) {
      if (error instanceof IamRefusal) return error.answer;
      throw error;
    }
  };
}
