import { randomUUID } from 'node:crypto';
import type { Accounts } from './accounts.ts';
import type { ApiKey } from './api-keys.ts';
import { type Answer, json, type ReceivedRequest } from './exchange.ts';
import type { Policy } from './policies.ts';
import type { Subject } from './subjects.ts';

/** A request below `/v1/`, its caller, and the ID in its path (empty if it has none). */
export interface IdentityRequest {
  readonly received: ReceivedRequest;
  readonly caller: Subject;
  readonly accounts: Accounts;
  readonly id: string;
}

export type IdentityRoute = readonly [
  method: string,
  path: RegExp,
  answer: (request: IdentityRequest) => Answer,
];

/** Returns an error in the format of the API below `/v1/`, which differs from the format of the token endpoint. */
export function identityError(status: number, code: string, message: string): Answer {
  const trace = randomUUID().replaceAll('-', '');
  return json(status, {
    trace,
    status_code: status,
    errors: [{ code, message_code: code, message }],
    context: { request_id: trace },
  });
}

export const noContent: Answer = { status: 204, headers: {}, body: '' };

/** Formats a date like IBM: `2020-06-02T10:37+0000`, without seconds and without a colon in the time zone. */
function ibmDate(iso: string): string {
  return `${new Date(iso).toISOString().slice(0, 16)}+0000`;
}

function crn(accountId: string, kind: string, id: string): string {
  return `crn:v1:bluemix:public:iam-identity::a/${accountId}::${kind}:${id}`;
}

/** Returns a key as IAM shows it: without its value, except in the response that creates it. */
export function shownApiKey(key: ApiKey, value = ''): object {
  const { id, iamId, accountId } = key;
  return {
    id,
    entity_tag: key.entityTag,
    crn: crn(accountId, 'apikey', id),
    locked: key.locked,
    disabled: key.disabled,
    created_at: ibmDate(key.createdAt),
    created_by: iamId,
    modified_at: ibmDate(key.modifiedAt),
    name: key.name,
    description: key.description,
    iam_id: iamId,
    account_id: accountId,
    apikey: value,
    support_sessions: key.supportSessions,
    action_when_leaked: key.actionWhenLeaked,
    ...(key.expiresAt !== undefined && { expires_at: ibmDate(key.expiresAt) }),
  };
}

export function shownServiceId({ iamId, sub, accountId, ...rest }: Subject): object {
  return {
    id: sub,
    iam_id: iamId,
    entity_tag: '1-00000000000000000000000000000000',
    crn: crn(accountId, 'serviceid', sub),
    locked: false,
    created_at: ibmDate(rest.createdAt),
    modified_at: ibmDate(rest.createdAt),
    account_id: accountId,
    name: rest.name,
    description: rest.description,
    unique_instance_crns: [],
  };
}

const attribute = (name: string, value: string) => ({
  name,
  value,
  operator: /[*?]/.test(value) ? 'stringMatch' : 'stringEquals',
});

export function shownPolicy(policy: Policy): object {
  const { id, iamId, role, accountId, region, namespace, shown } = policy;
  return {
    id,
    type: 'access',
    subjects: [{ attributes: [{ name: 'iam_id', value: iamId }] }],
    roles: [
      {
        role_id: `crn:v1:bluemix:public:container-registry::::serviceRole:${role}`,
        display_name: role,
      },
    ],
    resources: [
      {
        attributes: [
          attribute('accountId', accountId),
          attribute('serviceName', 'container-registry'),
          ...(region === undefined ? [] : [attribute('region', region)]),
          ...(namespace === undefined
            ? []
            : [attribute('resourceType', 'namespace'), attribute('resource', namespace)]),
        ],
      },
    ],
    state: 'active',
    ...shown,
  };
}
