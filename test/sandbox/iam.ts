import { signAccessToken } from './access-token.ts';
import type { Accounts } from './accounts.ts';
import type { Cloud } from './cloud.ts';
import { type Answer, type Asked, json, type Service } from './exchange.ts';
import { grants, required } from './grants.ts';
import { IamRefusal } from './iam-errors.ts';
import type { Subject } from './subjects.ts';

/** What IBM's own CLI calls itself: only its tokens can be refreshed. */
const cliClient = { userName: 'bx', password: 'bx' };

/** A refresh token, and the session it belongs to; the one that was given stops working. */
function nextRefreshToken({ form }: Asked, subject: Subject, accounts: Accounts) {
  const given = form.get('refresh_token');
  return given === null
    ? accounts.addRefreshToken({ owner: subject.iamId })
    : accounts.rotateRefreshToken(given);
}

async function grantTokens(asked: Asked, options: Cloud): Promise<Answer> {
  const grantType = required(asked.form, 'grant_type');
  const grant = grants.get(grantType);
  if (grant === undefined) {
    throw new IamRefusal('BXNIM0106E', `Property 'grant_type' has no value '${grantType}'.`);
  }
  const { basic } = asked;
  const isCli = basic?.userName === cliClient.userName && basic.password === cliClient.password;
  if (grantType === 'refresh_token' && !isCli) {
    throw new IamRefusal(
      'BXNIM0407E',
      'The client is not the one the refresh token was issued to.',
    );
  }
  const subject = await grant.prove(asked, options);
  if (subject.needsExternalAuthentication) {
    throw new IamRefusal('BXNIM0400E', 'Failed external authentication.');
  }
  const { signer, accounts, lifetimes } = options;
  const refresh =
    isCli && grant.refreshable ? nextRefreshToken(asked, subject, accounts) : undefined;
  const lifetime = lifetimes.accessToken;
  const accessToken = await signAccessToken(signer, {
    subject,
    grantType,
    clientId: isCli ? cliClient.userName : 'default',
    sessionId: refresh?.sessionId,
    lifetime,
  });
  return json(200, {
    access_token: accessToken,
    refresh_token: refresh?.value ?? 'not_supported',
    ...(refresh === undefined ? {} : { session_id: refresh.sessionId }),
    ...(subject.type === 'User' && { ims_user_id: 10212345 }),
    token_type: 'Bearer',
    expires_in: lifetime,
    expiration: Math.floor(signer.clock() / 1000) + lifetime,
    scope: 'ibm openid',
  });
}

export function createIam(options: Cloud): Service {
  return async (asked) => {
    try {
      const { method, path } = asked;
      if (method === 'POST' && path === '/identity/token') return await grantTokens(asked, options);
      return json(404, { errorCode: 'BXNIM0060E', errorMessage: 'HTTP 404 Not Found' });
    } catch (error) {
      if (error instanceof IamRefusal) return error.answer;
      throw error;
    }
  };
}
