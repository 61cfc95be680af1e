import type { Context } from '../context.ts';
import type { JsonObject } from '../json-object.ts';
import { type Asked, accept } from './accept.ts';
import { requestAnswer } from './request.ts';
import type { HttpAnswer, HttpRequest } from './send.ts';

/** Who calls one of IBM Cloud's APIs. */
export interface Caller {
  /** For messages: "identity work". */
  readonly name: string;
  readonly accessToken: string;
  readonly iamId: string;
  /** The account's ID. */
  readonly account: string;
  /** The setting for IAM's address. */
  readonly endpoint: string | undefined;
}

export interface ApiCall {
  readonly method: HttpRequest['method'];
  readonly url: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
  /** For messages, "IAM" and "a new API key": the service refused the caller that. */
  readonly service: string;
  readonly wanted: string;
  /** What to do about a refusal. */
  readonly hint: string;
  /** In the request beside the access token, and therefore never in a message. */
  readonly secret?: string;
}

/** The API's answer of whatever status. What makes something (`POST`) is sent once. Throws `unreachable`. */
export function callApi(context: Context, caller: Caller, call: ApiCall): Promise<HttpAnswer> {
  const url = new URL(call.url);
  for (const [name, value] of Object.entries(call.query ?? {})) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  const request = {
    method: call.method,
    url,
    headers: { Authorization: `Bearer ${caller.accessToken}`, ...call.headers },
    ...(call.body === undefined ? {} : { body: call.body }),
  };
  return requestAnswer(context, request, {
    ...asked(caller, call),
    once: call.method === 'POST',
  });
}

/** The JSON object of a good answer, `{}` of an empty one. Throws `refused` or `unreachable`. */
export function goodAnswer(caller: Caller, call: ApiCall, answer: HttpAnswer): JsonObject {
  if (answer.status >= 200 && answer.status <= 299 && answer.text.trim() === '') return {};
  return accept(answer, `${call.service} at ${new URL(call.url).host}`, asked(caller, call));
}

export async function callForObject(
  context: Context,
  caller: Caller,
  call: ApiCall,
): Promise<JsonObject> {
  return goodAnswer(caller, call, await callApi(context, caller, call));
}

function asked(caller: Caller, call: ApiCall): Asked {
  return {
    service: call.service,
    owner: `${caller.name} ${call.wanted}`,
    hint: call.hint,
    secrets: [caller.accessToken, call.secret],
  };
}
