import type { Context } from '../context.ts';
import { type ApiCall, type Caller, callForObject } from '../http/api-call.ts';
import { isObject, type JsonObject } from '../json-object.ts';
import { iamEndpoint } from './endpoint.ts';

/** A call of IAM's own API; its path begins with `/v1/`. */
export type IamCall = Omit<ApiCall, 'service' | 'url' | 'hint'> & {
  readonly path: string;
  readonly hint?: string;
};

const largestPage = '100';
/** Pages; a hundred times a hundred is more than an account may have. */
const mostPages = 100;

export function toApiCall(context: Context, caller: Caller, call: IamCall): ApiCall {
  return {
    service: 'IAM',
    url: `${iamEndpoint(context, caller.endpoint)}${call.path}`,
    hint: "ask the account's administrator, or act with --as IDENTITY",
    ...call,
  };
}

export function callIam(context: Context, caller: Caller, call: IamCall): Promise<JsonObject> {
  return callForObject(context, caller, toApiCall(context, caller, call));
}

/** What is in `member` of every page. Only the next page's token is taken from an answer, never its address. */
export async function listFromIam(
  context: Context,
  caller: Caller,
  member: string,
  call: IamCall,
): Promise<JsonObject[]> {
  const found: JsonObject[] = [];
  let pagetoken: string | undefined;
  for (let page = 1; page <= mostPages; page += 1) {
    const query = { ...call.query, pagesize: largestPage, pagetoken };
    const answer = await callIam(context, caller, { ...call, query });
    const entries = answer[member];
    found.push(...(Array.isArray(entries) ? entries : []).filter(isObject));
    pagetoken = nextPage(answer);
    if (pagetoken === undefined) break;
  }
  return found;
}

function nextPage({ next }: JsonObject): string | undefined {
  const url = typeof next === 'string' ? URL.parse(next, 'https://iam.invalid') : null;
  return url?.searchParams.get('pagetoken') ?? undefined;
}
