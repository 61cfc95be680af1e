import type { Context } from '../context.ts';
import { unreachable } from '../http/accept.ts';
import { type ApiCall, type Caller, callForObject } from '../http/api-call.ts';
import { isObject, isText, type JsonObject } from '../json-object.ts';
import { iamEndpoint } from './endpoint.ts';

/** A call of IAM's API; its path starts with `/v1/`. */
export type IamCall = Omit<ApiCall, 'service' | 'url' | 'hint'> & {
  readonly path: string;
  readonly hint?: string;
};

/** 100 pages have more entries than an account can have. */
const maxPages = 100;

export function toApiCall(context: Context, caller: Caller, call: IamCall): ApiCall {
  return {
    service: 'IAM',
    url: `${iamEndpoint(context, caller.endpoint)}${call.path}`,
    hint: "ask the account's administrator, or use --as IDENTITY",
    ...call,
  };
}

export function callIam(context: Context, caller: Caller, call: IamCall): Promise<JsonObject> {
  return callForObject(context, caller, toApiCall(context, caller, call));
}

/**
 * Returns the entries of all pages; `member` is the name of the list. Uses only the place of the page in IAM's `next`
 * address, so that the access token is not sent to another host. Throws `refused` or `unreachable`.
 */
export async function listFromIam(
  context: Context,
  caller: Caller,
  member: string,
  call: IamCall,
): Promise<JsonObject[]> {
  const found: JsonObject[] = [];
  let place: ReturnType<typeof nextPage> = {};
  for (let page = 1; page <= maxPages; page += 1) {
    const query = { ...call.query, ...place };
    const answer = await callIam(context, caller, { ...call, query });
    const entries = answer[member];
    // An empty object is no empty list.
    if (!Array.isArray(entries)) throw unreachable(`IAM answered without ${call.wanted}`);
    found.push(...entries.filter(isObject));
    place = nextPage(answer);
    if (place === undefined) break;
  }
  return found;
}

/**
 * API keys and service IDs have page tokens, access groups have offsets, policies have a start. `next` is an address, or an object
 * with an address.
 */
function nextPage({ next }: JsonObject): Readonly<Record<string, string>> | undefined {
  const address = isObject(next) ? next.href : next;
  const query =
    typeof address === 'string'
      ? URL.parse(address, 'https://iam.invalid')?.searchParams
      : undefined;
  for (const name of ['pagetoken', 'offset', 'start']) {
    const value = query?.get(name);
    if (value) return { [name]: value };
  }
  return isObject(next) && isText(next.start) ? { start: next.start } : undefined;
}
