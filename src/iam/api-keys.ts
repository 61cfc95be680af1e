import type { Context } from '../context.ts';
import { type Caller, callApi, goodAnswer } from '../http/api-call.ts';
import { type CallOptions, requestJson } from '../http/request.ts';
import { type ApiKeyDetails, readApiKey } from './api-key.ts';
import { iamEndpoint } from './endpoint.ts';
import { callIam, listFromIam, toApiCall } from './iam-api.ts';

export type { ApiKeyDetails } from './api-key.ts';

/** Which keys: one owner's, or all of the account's. */
export type ApiKeyFilter =
  | { readonly iam_id: string }
  | { readonly scope: 'account'; readonly type: 'user' | 'serviceid' };

const detailsPath = '/v1/apikeys/details';

/** IAM finds the key by its value, for whoever the access token is. Throws `refused` or `unreachable`. */
export async function apiKeyDetails(
  context: Context,
  apiKey: string,
  accessToken: string,
  options: Omit<CallOptions, 'service' | 'secrets'> & { readonly endpoint?: string },
): Promise<ApiKeyDetails> {
  const url = new URL(iamEndpoint(context, options.endpoint) + detailsPath);
  const headers = { 'IAM-ApiKey': apiKey, Authorization: `Bearer ${accessToken}` };
  const asked = { ...options, service: 'IAM', secrets: [apiKey, accessToken] };
  return readApiKey(await requestJson(context, { method: 'GET', url, headers }, asked));
}

/** The same for a key that there may be or not. */
export async function findApiKeyByValue(
  context: Context,
  caller: Caller,
  value: string,
): Promise<ApiKeyDetails | undefined> {
  const call = toApiCall(context, caller, {
    method: 'GET',
    path: detailsPath,
    headers: { 'IAM-ApiKey': value },
    wanted: 'a look at its API key',
    secret: value,
  });
  const answer = await callApi(context, caller, call);
  // The token endpoint has this code with status 400.
  const isUnknown = answer.status === 404 || answer.text.includes('"BXNIM0415E"');
  return isUnknown ? undefined : readApiKey(goodAnswer(caller, call, answer));
}

export async function getApiKey(
  context: Context,
  caller: Caller,
  id: string,
): Promise<ApiKeyDetails> {
  const path = apiKeyPath(id);
  return readApiKey(
    await callIam(context, caller, { method: 'GET', path, wanted: `a look at API key ${id}` }),
  );
}

/** In the order IAM gives them. */
export async function listApiKeys(
  context: Context,
  caller: Caller,
  filter: ApiKeyFilter,
): Promise<ApiKeyDetails[]> {
  const found = await listFromIam(context, caller, 'apikeys', {
    method: 'GET',
    path: '/v1/apikeys',
    query: { account_id: caller.account, ...filter },
    wanted: 'the list of API keys',
  });
  return found.map(readApiKey);
}

export function apiKeyPath(id: string): string {
  return `/v1/apikeys/${encodeURIComponent(id)}`;
}
