import { randomUUID } from 'node:crypto';
import type { Accounts } from './accounts.ts';
import type { Signer } from './jwt.ts';
import type { Subject } from './subjects.ts';

export const iamIssuer = 'https://iam.cloud.ibm.com/identity';

interface Issue {
  readonly subject: Subject;
  readonly grantType: string;
  readonly clientId: string;
  readonly sessionId?: string | undefined;
  readonly lifetime: number;
}

/** Signs an access token with the claims of IBM's tokens. It is about as long as theirs: 1,600 characters. */
export async function signAccessToken(signer: Signer, issue: Issue): Promise<string> {
  const { iamId, sub, type, name, accountId } = issue.subject;
  const id = iamId.replace(/^IBMid-/, '');
  const claims = {
    iam_id: iamId,
    id: iamId,
    realmid: type === 'User' ? 'IBMid' : 'iam',
    session_id: issue.sessionId ?? `C-${randomUUID()}`,
    session_exp_max: Math.floor(signer.clock() / 1000) + 86_400,
    session_exp_next: Math.floor(signer.clock() / 1000) + 7_200,
    jti: randomUUID(),
    identifier: id,
    name,
    ...(type === 'User'
      ? { given_name: name.split(' ')[0], family_name: name.split(' ').at(-1), email: sub }
      : { sub_type: type }),
    sub,
    authn: { sub, iam_id: iamId, ...(type !== 'User' && { sub_type: type }), name },
    account: {
      valid: true,
      bss: accountId,
      ims_user_id: '10212345',
      frozen: true,
      ims: '2412345',
    },
    iss: iamIssuer,
    grant_type: issue.grantType,
    scope: 'ibm openid',
    client_id: issue.clientId,
    acr: 1,
    amr: ['pwd'],
  };
  return await signer.signWithKeyId(claims, issue.lifetime);
}

/** Returns the owner of an access token, or undefined if IAM did not issue it or it has expired. */
export async function ownerOfAccessToken(
  signer: Signer,
  accounts: Accounts,
  token: string | undefined,
): Promise<Subject | undefined> {
  if (token === undefined) return undefined;
  const claims = await signer.verify(token, iamIssuer);
  return typeof claims?.iam_id === 'string' ? accounts.subject(claims.iam_id) : undefined;
}
