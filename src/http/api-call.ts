import type { Context } from '../context.ts';
import type { JsonObject } from '../json-object.ts';
import { accept, type RequestLabels } from './accept.ts';
import { requestAnswer } from './request.ts';
import type { HttpAnswer, HttpRequest } from './send.ts';

/** The identity that calls an IBM Cloud API. */
export interface Caller {
  /** Its name in messages, such as "identity work". */
  readonly name: string;
  readonly accessToken: string;
  readonly iamId: string;
  /** The account's ID. */
  readonly account: string;
  /** The setting `iamEndpoint`. */
  readonly endpoint: string | undefined;
}

export interface ApiCall {
  readonly method: HttpRequest['method'];
  readonly url: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
  /** The service in messages, such as "IAM". */
  readonly service: string;
  /** The requested object in messages: "IAM refused identity work a new API key". */
  readonly wanted: string;
  /** The hint if the service refuses. */
  readonly hint: string;
  /** A secret in the request besides the access token. It is masked in messages. */
  readonly secret?: string;
}

/**
 * Returns the API's answer with any status. A `POST` is not idempotent, so it is sent only once. Throws `unreachable`.
 */
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
    ...labelsOf(caller, call),
    sendOnce: call.method === 'POST',
  });
}

/** Returns the JSON object of a successful answer, or `{}` if it is empty. Throws `refused` or `unreachable`. */
export function goodAnswer(caller: Caller, call: ApiCall, answer: HttpAnswer): JsonObject {
  if (answer.status >= 200 && answer.status <= 299 && answer.text.trim() === '') return {};
  return accept(answer, `${call.service} at ${new URL(call.url).host}`, labelsOf(caller, call));
}

/** Calls the API and returns the JSON object of its answer. Throws `refused` or `unreachable`. */
export async function callForObject(
  context: Context,
  caller: Caller,
  call: ApiCall,
): Promise<JsonObject> {
  return goodAnswer(caller, call, await callApi(context, caller, call));
}

function labelsOf(caller: Caller, call: ApiCall): RequestLabels {
  return {
    service: call.service,
    owner: `${caller.name} ${call.wanted}`,
    hint: call.hint,
    secrets: [caller.accessToken, call.secret],
  };
}
