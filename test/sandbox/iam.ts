import { decodeJwt } from 'jose';
import { iamIssuer, signAccessToken } from './access-token.ts';
import type { Accounts } from './accounts.ts';
import { authorize } from './authorize.ts';
import type { Cloud } from './cloud.ts';
import { type Answer, json, type ReceivedRequest, type Service } from './exchange.ts';
import { grants, required } from './grants.ts';
import { IamRefusal } from './iam-errors.ts';
import { createIdentityApi } from './identity-api.ts';

/** The client ID of IBM's CLI. Only tokens for this client can be refreshed. */
const cliClient = { userName: 'bx', password: 'bx' };

function isCli({ basic }: ReceivedRequest): boolean {
  return basic?.userName === cliClient.userName && basic.password === cliClient.password;
}

/** Returns the authenticated caller and the grant. Throws `IamRefusal`. */
async function authenticate(received: ReceivedRequest, cloud: Cloud) {
  const grantType = required(received.form, 'grant_type');
  const grant = grants.get(grantType);
  if (grant === undefined) {
    throw new IamRefusal('BXNIM0106E', `Property 'grant_type' has no value '${grantType}'.`);
  }
  if (grantType === 'refresh_token' && !isCli(received)) {
    throw new IamRefusal('BXNIM0407E', 'The refresh token was issued to another client.');
  }
  const subject = await grant.authenticate(received, cloud);
  if (subject.needsExternalAuthentication) {
    throw new IamRefusal('BXNIM0400E', 'Failed external authentication.');
  }
  return { grantType, grant, subject };
}

/** Returns the next refresh token of the session, or the first one of a new session. */
function nextRefreshToken(
  received: ReceivedRequest,
  grantType: string,
  owner: string,
  accounts: Accounts,
) {
  if (grantType !== 'refresh_token') return accounts.addRefreshToken({ owner });
  const next = accounts.rotateRefreshToken(received.form.get('refresh_token') ?? '');
  if (next !== undefined) return next;
  throw new IamRefusal('BXNIM0407E', 'The refresh token was used a moment ago.');
}

async function grantTokens(received: ReceivedRequest, cloud: Cloud): Promise<Answer> {
  const { signer, accounts, lifetimes } = cloud;
  const { grantType, grant, subject } = await authenticate(received, cloud);
  const refresh =
    isCli(received) && grant.refreshable
      ? nextRefreshToken(received, grantType, subject.iamId, accounts)
      : undefined;
  const lifetime = lifetimes.accessToken;
  const accessToken = await signAccessToken(signer, {
    subject,
    grantType,
    clientId: isCli(received) ? cliClient.userName : 'default',
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
    expiration: decodeJwt(accessToken).exp,
    scope: 'ibm openid',
  });
}

/** Returns the OpenID configuration with endpoints on the requested host, such as the passcode page. */
function openIdConfiguration({ host }: ReceivedRequest, accounts: Accounts): Answer {
  const base = `https://${host}/identity`;
  return json(200, {
    issuer: iamIssuer,
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: `${base}/token`,
    passcode_endpoint: `${base}/passcode`,
    userinfo_endpoint: `${base}/userinfo`,
    jwks_uri: `${base}/keys`,
    response_types_supported: ['code', 'token', 'cloud_iam'],
    ...(accounts.signOnPage().hasPkce && { code_challenge_methods_supported: ['S256'] }),
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
  });
}

export function createIam(cloud: Cloud): Service {
  const routes = new Map<string, Service>([
    ['POST /identity/token', (received) => grantTokens(received, cloud)],
    [
      'GET /identity/.well-known/openid-configuration',
      (received) => openIdConfiguration(received, cloud.accounts),
    ],
    ['GET /identity/authorize', (received) => authorize(received, cloud.accounts)],
  ]);
  const identity = createIdentityApi(cloud);
  return async (received) => {
    const answer = routes.get(`${received.method} ${received.path}`) ?? identity;
    try {
      return await answer(received);
    } catch (error) {
      if (error instanceof IamRefusal) return error.answer;
      throw error;
    }
  };
}
