import type { Context } from '../context.ts';
import { type Caller, callApi, goodAnswer } from '../http/api-call.ts';
import { type CallOptions, requestJson } from '../http/request.ts';
import { serviceCode } from '../http/service-error.ts';
import { type JsonObject, textOf } from '../json-object.ts';
import { iamEndpoint } from './endpoint.ts';
import { callIam, type IamCall, listFromIam, toApiCall } from './iam-api.ts';

/** IAM's details of an API key, without its value. Times are in milliseconds since 1970. */
export interface ApiKeyDetails {
  readonly id: string;
  readonly name: string;
  readonly description: string | undefined;
  /** The IAM ID of the owner. */
  readonly iamId: string | undefined;
  readonly accountId: string | undefined;
  /** A locked key can be used to log in, but cannot be changed or deleted. */
  readonly locked: boolean;
  readonly disabled: boolean;
  /** IAM lists the CLI sessions of the key, which can be revoked. Only for keys of users. */
  readonly supportSessions: boolean;
  /** What IAM does if the key is found in public: one of `leakActions`. */
  readonly actionWhenLeaked: string | undefined;
  readonly createdAt: number | undefined;
  readonly createdBy: string | undefined;
  readonly modifiedAt: number | undefined;
  readonly expiresAt: number | undefined;
}

export const leakActions = ['none', 'disable', 'delete'] as const;

/** Selects the keys of one owner, or all keys of the account. */
export type ApiKeyFilter =
  | { readonly iam_id: string }
  | { readonly scope: 'account'; readonly type: 'user' | 'serviceid' };

const detailsPath = '/v1/apikeys/details';

/**
 * Returns the details of an API key, which IAM finds by its value. The access token may be that of another identity.
 * Throws `refused` or `unreachable`.
 */
export async function apiKeyDetails(
  context: Context,
  apiKey: string,
  accessToken: string,
  options: Omit<CallOptions, 'service' | 'secrets'> & { readonly endpoint?: string },
): Promise<ApiKeyDetails> {
  const url = new URL(iamEndpoint(context, options.endpoint) + detailsPath);
  const headers = { 'IAM-ApiKey': apiKey, Authorization: `Bearer ${accessToken}` };
  const callOptions = { ...options, service: 'IAM', secrets: [apiKey, accessToken] };
  return readApiKey(await requestJson(context, { method: 'GET', url, headers }, callOptions));
}

/** Does the same as `apiKeyDetails`, but returns undefined if the key does not exist. */
export function findApiKeyByValue(
  context: Context,
  caller: Caller,
  value: string,
): Promise<ApiKeyDetails | undefined> {
  return findApiKey(context, caller, {
    method: 'GET',
    path: detailsPath,
    headers: { 'IAM-ApiKey': value },
    wanted: 'access to its API key',
    secret: value,
  });
}

/** Returns undefined if the key does not exist. */
export function findApiKeyById(
  context: Context,
  caller: Caller,
  id: string,
): Promise<ApiKeyDetails | undefined> {
  const wanted = `access to API key ${id}`;
  return findApiKey(context, caller, { method: 'GET', path: apiKeyPath(id), wanted });
}

async function findApiKey(
  context: Context,
  caller: Caller,
  request: IamCall,
): Promise<ApiKeyDetails | undefined> {
  const call = toApiCall(context, caller, request);
  const answer = await callApi(context, caller, call);
  // IAM's token endpoint returns this code with status 400.
  const isUnknown = answer.status === 404 || serviceCode(answer.text) === 'BXNIM0415E';
  return isUnknown ? undefined : readApiKey(goodAnswer(caller, call, answer));
}

export async function getApiKey(
  context: Context,
  caller: Caller,
  id: string,
): Promise<ApiKeyDetails> {
  const path = apiKeyPath(id);
  return readApiKey(
    await callIam(context, caller, { method: 'GET', path, wanted: `access to API key ${id}` }),
  );
}

/**
 * Returns true if IAM stores the value of the key, so that it can be retrieved. Only keys of service IDs have the property,
 * and only this request shows it: by the value itself. Throws `refused` or `unreachable`.
 */
export async function isRetrievable(
  context: Context,
  caller: Caller,
  { id, iamId }: Pick<ApiKeyDetails, 'id' | 'iamId'>,
): Promise<boolean> {
  if (!iamId?.startsWith('iam-ServiceId-')) return false;
  const call = { method: 'GET', path: apiKeyPath(id), wanted: `access to API key ${id}` } as const;
  return textOf(await callIam(context, caller, call), 'apikey') !== undefined;
}

/** Returns the keys in IAM's order. Throws `refused` or `unreachable`. */
export async function listApiKeys(
  context: Context,
  caller: Caller,
  filter: ApiKeyFilter,
): Promise<ApiKeyDetails[]> {
  const found = await listFromIam(context, caller, 'apikeys', {
    method: 'GET',
    path: '/v1/apikeys',
    query: { account_id: caller.account, ...filter, pagesize: '100' },
    wanted: 'the list of API keys',
  });
  return found.map(readApiKey);
}

export function apiKeyPath(id: string): string {
  return `/v1/apikeys/${encodeURIComponent(id)}`;
}

export function readApiKey(key: JsonObject): ApiKeyDetails {
  return {
    id: textOf(key, 'id') ?? '',
    name: textOf(key, 'name') ?? '',
    description: textOf(key, 'description'),
    iamId: textOf(key, 'iam_id'),
    accountId: textOf(key, 'account_id'),
    locked: key.locked === true,
    disabled: key.disabled === true,
    supportSessions: key.support_sessions === true,
    actionWhenLeaked: textOf(key, 'action_when_leaked'),
    createdAt: timeOf(key, 'created_at'),
    createdBy: textOf(key, 'created_by'),
    modifiedAt: timeOf(key, 'modified_at'),
    expiresAt: timeOf(key, 'expires_at'),
  };
}

/** Parses a time such as `2020-06-02T10:37+0000`. */
function timeOf(key: JsonObject, name: string): number | undefined {
  const time = Date.parse(textOf(key, name) ?? '');
  return Number.isNaN(time) ? undefined : time;
}

/** Formats a time in IAM's format, to the minute. */
export function iamDate(time: number): string {
  return `${new Date(time).toISOString().slice(0, 16)}+0000`;
}
