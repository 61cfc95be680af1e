import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { type ApiCall, type Caller, callApi, goodAnswer } from '../http/api-call.ts';
import { serviceError } from '../http/service-error.ts';
import { isObject, type JsonObject, textOf } from '../json-object.ts';
import { parseClaims } from '../jwt-claims.ts';

/** A registry token as the registry lists it, without the token itself. */
export interface RegistryToken {
  readonly id: string;
  readonly owner: string | undefined;
  readonly description: string | undefined;
  /** It pulls, and does not push. */
  readonly readonly: boolean;
  readonly revoked: boolean;
  /** Milliseconds since 1970; absent for one that never ends. */
  readonly expiresAt: number | undefined;
}

export interface NewRegistryToken {
  readonly description: string | undefined;
  /** Never ends; otherwise it lives 24 hours. */
  readonly permanent: boolean;
  /** Pushes as well. */
  readonly write: boolean;
}

type TokenCall = Pick<ApiCall, 'method' | 'query' | 'wanted'> & { readonly id?: string };

/** Statuses with which a server says that it does not do this, or not any longer. */
const discontinued = [404, 405, 410, 501];

/** Makes a token. Throws `refused`, as IBM's own registry has done since 2021, and `unreachable`. */
export async function addRegistryToken(
  context: Context,
  caller: Caller,
  host: string,
  { description, permanent, write }: NewRegistryToken,
): Promise<{ readonly id: string; readonly token: string }> {
  const query = { description, permanent: String(permanent), write: String(write) };
  const call = toCall(caller, host, { method: 'POST', query, wanted: 'a new registry token' });
  const answer = await callApi(context, caller, call);
  if (discontinued.includes(answer.status)) {
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

/** The token itself. */
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
    hint: 'registry tokens are deprecated: use docker-credential-icr api-key create',
  };
}

function tokenIn(answer: JsonObject, host: string): string {
  const token = textOf(answer, 'token');
  if (token !== undefined && /^[\x21-\x7e]+$/.test(token)) return token;
  throw new HelperError('unreachable', `${host} answered without a token`);
}

/** The `jti` of the JWT. */
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
    // IBM keeps the description there.
    description: textOf(token, 'secondary_owner'),
    readonly: token.readonly === true,
    revoked: token.revoked === true,
    expiresAt: typeof expiry === 'number' && expiry > 0 ? expiry * 1000 : undefined,
  };
}
