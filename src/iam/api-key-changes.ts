import type { Context } from '../context.ts';
import { type Caller, callApi, goodAnswer } from '../http/api-call.ts';
import { textOf } from '../json-object.ts';
import { type ApiKeyDetails, iamDate, readApiKey } from './api-key.ts';
import { apiKeyPath } from './api-keys.ts';
import { callIam, toApiCall } from './iam-api.ts';

export interface NewApiKey {
  readonly name: string;
  readonly description: string | undefined;
  /** The owner, a user or a service ID, and the account. */
  readonly iamId: string;
  readonly accountId: string;
  /** The key's own value, of 32 characters at least; IAM makes one where it is absent. */
  readonly value?: string;
  /** Milliseconds since 1970. */
  readonly expiresAt?: number | undefined;
}

export interface MadeApiKey {
  readonly details: ApiKeyDetails;
  /** In no other answer of IAM, ever. */
  readonly value: string;
}

/** Makes a key. Throws `refused`, and `unreachable` where IAM may have made it or not. */
export async function createApiKey(
  context: Context,
  caller: Caller,
  { name, description, iamId, accountId, value, expiresAt }: NewApiKey,
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
    },
    wanted: 'a new API key',
    ...(value === undefined ? {} : { secret: value }),
  });
  return { details: readApiKey(answer), value: textOf(answer, 'apikey') ?? value ?? '' };
}

/** What can be done to a key and taken back: the method, the end of the path, and the word for messages. */
const changes = {
  lock: ['POST', 'lock', 'the locking'],
  unlock: ['DELETE', 'lock', 'the unlocking'],
  disable: ['POST', 'disable', 'the disabling'],
  enable: ['DELETE', 'disable', 'the enabling'],
} as const;

export type ApiKeyChange = keyof typeof changes;

/** Throws `refused` or `unreachable`. */
export async function changeApiKey(
  context: Context,
  caller: Caller,
  id: string,
  change: ApiKeyChange,
): Promise<void> {
  const [method, end, word] = changes[change];
  const path = `${apiKeyPath(id)}/${end}`;
  await callIam(context, caller, { method, path, wanted: `${word} of API key ${id}` });
}

/** `false` where there is no such key any more. Throws `refused` for one that is locked. */
export async function deleteApiKey(context: Context, caller: Caller, id: string): Promise<boolean> {
  const call = toApiCall(context, caller, {
    method: 'DELETE',
    path: apiKeyPath(id),
    wanted: `the deletion of API key ${id}`,
    hint: `if it is locked, run docker-credential-icr api-key unlock ${id}`,
  });
  const answer = await callApi(context, caller, call);
  if (answer.status === 404) return false;
  goodAnswer(caller, call, answer);
  return true;
}
