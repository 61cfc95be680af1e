import { randomUUID } from 'node:crypto';
import { ownerOfAccessToken } from './access-token.ts';
import type { ApiKey } from './api-keys.ts';
import type { Cloud } from './cloud.ts';
import { type Answer, type Asked, json, type Service } from './exchange.ts';

/** The form of errors under `/v1/`, which is not that of the token endpoint. */
export function identityError(status: number, code: string, message: string): Answer {
  const trace = randomUUID().replaceAll('-', '');
  return json(status, {
    trace,
    status_code: status,
    errors: [{ code, message_code: code, message }],
    context: { request_id: trace },
  });
}

/** IBM writes `2020-06-02T10:37+0000`: to the minute, and no colon in the zone. */
export function ibmDate(iso: string): string {
  return `${new Date(iso).toISOString().slice(0, 16)}+0000`;
}

/** As IAM shows a key; the value itself only when it is made. */
export function shownApiKey(key: ApiKey): object {
  const { id, iamId, accountId } = key;
  return {
    id,
    entity_tag: key.entityTag,
    crn: `crn:v1:bluemix:public:iam-identity::a/${accountId}::apikey:${id}`,
    locked: key.locked,
    disabled: key.disabled,
    created_at: ibmDate(key.createdAt),
    created_by: iamId,
    modified_at: ibmDate(key.modifiedAt),
    name: key.name,
    description: key.description,
    iam_id: iamId,
    account_id: accountId,
    apikey: '',
    ...(key.expiresAt !== undefined && { expires_at: ibmDate(key.expiresAt) }),
  };
}

function details({ headers }: Asked, { accounts }: Cloud): Answer {
  const value = headers['iam-apikey'];
  const key = typeof value === 'string' ? accounts.apiKey(value) : undefined;
  if (key === undefined || key.value !== value) {
    return identityError(404, 'BXNIM0415E', 'Provided API key could not be found.');
  }
  return json(200, shownApiKey(key));
}

/** IAM's own API, under `/v1/`; a Bearer access token is wanted everywhere. */
export function createIdentityApi(cloud: Cloud): Service {
  return async (asked) => {
    const caller = await ownerOfAccessToken(cloud.signer, cloud.accounts, asked.bearer);
    if (!asked.path.startsWith('/v1/')) {
      return json(404, { errorCode: 'BXNIM0060E', errorMessage: 'HTTP 404 Not Found' });
    }
    if (caller === undefined)
      return identityError(401, 'BXNIM0308E', 'No authorization header found');
    if (asked.method === 'GET' && asked.path === '/v1/apikeys/details')
      return details(asked, cloud);
    return identityError(404, 'not_found', 'There is nothing here.');
  };
}
