import type { Context } from '../context.ts';
import { type ApiCall, type Caller, callApi, goodAnswer } from '../http/api-call.ts';
import { textOf } from '../json-object.ts';
import { shellQuoted } from '../visible.ts';
import { type ApiKeyDetails, apiKeyPath, iamDate, readApiKey } from './api-keys.ts';
import { callIam, toApiCall } from './iam-api.ts';

export interface NewApiKey {
  readonly name: string;
  readonly description: string | undefined;
  /** The IAM ID of the owner, a user or a service ID. */
  readonly iamId: string;
  readonly accountId: string;
  /** The value of the key, at least 32 characters; IAM generates one by default. */
  readonly value?: string;
  /** The expiry in milliseconds since 1970. */
  readonly expiresAt?: number | undefined;
  /** One of `leakActions`; IAM's default if it is undefined. */
  readonly actionWhenLeaked?: string | undefined;
  readonly supportSessions?: boolean;
  /** IAM stores the value; only for service IDs. */
  readonly isRetrievable?: boolean;
}

export interface MadeApiKey {
  readonly details: ApiKeyDetails;
  /** IAM returns it only once, when the key is created. */
  readonly value: string;
}

/** Creates a key. Throws `refused`, or `unreachable` if it is unknown whether IAM created the key. */
export async function createApiKey(
  context: Context,
  caller: Caller,
  { name, description, iamId, accountId, value, expiresAt, ...properties }: NewApiKey,
): Promise<MadeApiKey> {
  const answer = await callIam(context, caller, {
    method: 'POST',
    path: '/v1/apikeys',
    body: {
      name,
      description,
      iam_id: iamId,
      account_id: accountId,
      apikey: value,
      expires_at: expiresAt === undefined ? undefined : iamDate(expiresAt),
      action_when_leaked: properties.actionWhenLeaked,
      // Only keys of users have the property.
      support_sessions: properties.supportSessions || undefined,
      store_value: properties.isRetrievable || undefined,
    },
    wanted: 'a new API key',
    ...(value === undefined ? {} : { secret: value }),
  });
  return { details: readApiKey(answer), value: textOf(answer, 'apikey') ?? value ?? '' };
}

/** The HTTP method and the last path segment of each reversible change. */
const changes = {
  lock: ['POST', 'lock'],
  unlock: ['DELETE', 'lock'],
  disable: ['POST', 'disable'],
  enable: ['DELETE', 'disable'],
} as const;

export type ApiKeyChange = keyof typeof changes;

/** Locks, unlocks, disables or enables a key. Returns false if it does not exist. Throws `refused` or `unreachable`. */
export async function changeApiKey(
  context: Context,
  caller: Caller,
  id: string,
  change: ApiKeyChange,
): Promise<boolean> {
  const [method, segment] = changes[change];
  const path = `${apiKeyPath(id)}/${segment}`;
  const wanted = `permission to ${change} API key ${id}`;
  return callForKey(context, caller, toApiCall(context, caller, { method, path, wanted }));
}

/** Deletes a key. Returns false if it does not exist. Throws `refused`, also if the key is locked, or `unreachable`. */
export async function deleteApiKey(context: Context, caller: Caller, id: string): Promise<boolean> {
  const call = toApiCall(context, caller, {
    method: 'DELETE',
    path: apiKeyPath(id),
    wanted: `permission to delete API key ${id}`,
    hint: `run docker-credential-icr api-key unlock ${shellQuoted(id)} if it is locked`,
  });
  return callForKey(context, caller, call);
}

/** Returns false if the key does not exist. */
async function callForKey(context: Context, caller: Caller, call: ApiCall): Promise<boolean> {
  const answer = await callApi(context, caller, call);
  if (answer.status === 404) return false;
  goodAnswer(caller, call, answer);
  return true;
}
