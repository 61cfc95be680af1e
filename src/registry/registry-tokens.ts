import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { type ApiCall, type Caller, callApi, goodAnswer } from '../http/api-call.ts';
import { serviceError } from '../http/service-error.ts';
import { isObject, type JsonObject, textOf } from '../json-object.ts';
import { parseClaims } from '../jwt-claims.ts';

/** An entry in the registry's list of registry tokens. It does not contain the token itself. */
export interface RegistryToken {
  readonly id: string;
  readonly owner: string | undefined;
  readonly description: string | undefined;
  /** Allows pulls but not pushes. */
  readonly readonly: boolean;
  readonly revoked: boolean;
  /** The expiry in milliseconds since 1970, or undefined if the token does not expire. */
  readonly expiresAt: number | undefined;
}

interface NewRegistryToken {
  readonly description: string | undefined;
  /** Does not expire; other tokens are valid for 24 hours. */
  readonly permanent: boolean;
  /** Allows pushes in addition to pulls. */
  readonly write: boolean;
}

type TokenCall = Pick<ApiCall, 'method' | 'query' | 'wanted'> & { readonly id?: string };

/** Statuses of a server that does not support this API, or no longer does. */
const unsupportedStatuses = [404, 405, 410, 501];

/** Creates a token. Throws `refused` (IBM's registry has refused since 2021) or `unreachable`. */
export async function addRegistryToken(
  context: Context,
  caller: Caller,
  host: string,
  { description, permanent, write }: NewRegistryToken,
): Promise<{ readonly id: string; readonly token: string }> {
  const query = { description, permanent: String(permanent), write: String(write) };
  const call = toCall(caller, host, { method: 'POST', query, wanted: 'a new registry token' });
  const answer = await callApi(context, caller, call);
  if (unsupportedStatuses.includes(answer.status)) {
    const reason = serviceError(answer.text, [caller.accessToken]) ?? answer.status;
    throw new HelperError('refused', `${host} refused ${caller.name} ${call.wanted} (${reason})`, {
      hint: call.hint || undefined,
    });
  }
  const token = tokenIn(goodAnswer(caller, call, answer), host);
  return { id: idOf(token), token };
}

export async function listRegistryTokens(
  context: Context,
  caller: Caller,
  host: string,
): Promise<RegistryToken[]> {
  const call = { method: 'GET', wanted: 'the list of registry tokens' } as const;
  const { tokens } = await ask(context, caller, host, call);
  return (Array.isArray(tokens) ? tokens : []).filter(isObject).map(readToken);
}

/** Returns the token itself. */
export async function getRegistryToken(
  context: Context,
  caller: Caller,
  host: string,
  id: string,
): Promise<string> {
  const call = { method: 'GET', id, wanted: `registry token ${id}` } as const;
  return tokenIn(await ask(context, caller, host, call), host);
}

export async function removeRegistryToken(
  context: Context,
  caller: Caller,
  host: string,
  id: string,
): Promise<void> {
  const wanted = `the removal of registry token ${id}`;
  await ask(context, caller, host, { method: 'DELETE', id, wanted });
}

async function ask(
  context: Context,
  caller: Caller,
  host: string,
  wanted: TokenCall,
): Promise<JsonObject> {
  const call = toCall(caller, host, wanted);
  return goodAnswer(caller, call, await callApi(context, caller, call));
}

function toCall({ account }: Caller, host: string, { id, ...call }: TokenCall): ApiCall {
  return {
    ...call,
    service: host,
    url: `https://${host}/api/v1/tokens${id === undefined ? '' : `/${encodeURIComponent(id)}`}`,
    headers: { Account: account },
    hint: 'use docker-credential-icr api-key create instead: registry tokens are deprecated',
  };
}

function tokenIn(answer: JsonObject, host: string): string {
  const token = textOf(answer, 'token');
  if (token !== undefined && /^[\x21-\x7e]+$/.test(token)) return token;
  throw new HelperError('unreachable', `${host} answered without a token`);
}

/** Returns the JWT's `jti`, or an empty string. */
function idOf(token: string): string {
  try {
    return parseClaims(token).id ?? '';
  } catch (error) {
    if (error instanceof HelperError) return '';
    throw error;
  }
}

function readToken(token: JsonObject): RegistryToken {
  const { expiry } = token;
  return {
    id: textOf(token, '_id') ?? '',
    owner: textOf(token, 'owner'),
    // The API returns the description in this field.
    description: textOf(token, 'secondary_owner'),
    readonly: token.readonly === true,
    revoked: token.revoked === true,
    expiresAt: typeof expiry === 'number' && expiry > 0 ? expiry * 1000 : undefined,
  };
}
