import { readApiKeyFields } from './api-key-fields.ts';
import type { ApiKey, ApiKeyChange } from './api-keys.ts';
import { type Answer, bodyObject, json, type ReceivedRequest } from './exchange.ts';
import {
  type IdentityRequest,
  type IdentityRoute,
  identityError,
  noContent,
  shownApiKey,
} from './identity-answers.ts';
import type { Subject } from './subjects.ts';

const invalid = (message: string) => identityError(400, 'BXNIM0109E', message);
const missing = () => identityError(404, 'BXNIM0415E', 'Provided API key could not be found.');
const isSet = (header: unknown) => header === 'true';

/** Returns true for the caller's own keys. A user may also manage the keys of the account's service IDs. */
function mayManage(caller: Subject, owner: Subject): boolean {
  if (owner.iamId === caller.iamId) return true;
  return (
    caller.type === 'User' && owner.type === 'ServiceId' && owner.accountId === caller.accountId
  );
}

function create({ received, caller, accounts }: IdentityRequest): Answer {
  const body = bodyObject(received);
  const fields = readApiKeyFields(body);
  const owner = accounts.subject(String(body?.iam_id));
  if (fields === undefined) return invalid("Property 'name' is missing, or another is not valid.");
  if (owner === undefined) return invalid("Property 'iam_id' is missing or unknown.");
  if (!mayManage(caller, owner))
    return identityError(403, 'forbidden', 'You may not make this key.');
  if (fields.supportSessions && owner.type !== 'User')
    return invalid("Property 'support_sessions' is only available for user API keys.");
  if (fields.isRetrievable && owner.type !== 'ServiceId')
    return invalid("Property 'store_value' is only available for service ID API keys.");
  if (accounts.apiKeys().some(({ value }) => value === fields.value))
    return identityError(409, 'BXNIM0446E', 'The value of the API key is not unique.');
  const key = accounts.addApiKey({
    ...fields,
    owner: owner.iamId,
    locked: isSet(received.headers['entity-lock']),
    disabled: isSet(received.headers['entity-disable']),
  });
  return json(201, shownApiKey(key, key.value));
}

function isListed(
  key: ApiKey,
  { query }: ReceivedRequest,
  { caller, accounts }: IdentityRequest,
): boolean {
  if (key.accountId !== caller.accountId) return false;
  if (query.get('scope') !== 'account') return key.iamId === (query.get('iam_id') ?? caller.iamId);
  const type = query.get('type') === 'serviceid' ? 'ServiceId' : 'User';
  return accounts.subject(key.iamId)?.type === type;
}

function list(request: IdentityRequest): Answer {
  const { received, accounts } = request;
  const { query, host, path } = received;
  const size = Math.min(Number(query.get('pagesize') ?? 20), 100);
  const offset = Number(query.get('pagetoken') ?? 0);
  if (!(size > 0) || !(offset >= 0)) return invalid('The page is not valid.');
  const all = accounts.apiKeys().filter((key) => isListed(key, received, request));
  const page = (token: number) => {
    const next = new URLSearchParams(query);
    next.set('pagetoken', String(token));
    return `https://${host}${path}?${next}`;
  };
  return json(200, {
    offset,
    limit: size,
    first: page(0),
    ...(offset + size < all.length && { next: page(offset + size) }),
    apikeys: all.slice(offset, offset + size).map((key) => shownApiKey(key)),
  });
}

function details({ received, accounts }: IdentityRequest): Answer {
  const value = received.headers['iam-apikey'];
  const key = typeof value === 'string' ? accounts.apiKey(value) : undefined;
  return key?.value === value && key !== undefined ? json(200, shownApiKey(key)) : missing();
}

type OnKey = (request: IdentityRequest, key: ApiKey) => Answer;

/** Calls `answer` with the key in the path, if it exists and the caller may manage it. */
function onKey(answer: OnKey): (request: IdentityRequest) => Answer {
  return (request) => {
    const { accounts, caller, id } = request;
    const key = accounts.apiKeys().find((each) => each.id === id);
    const owner = accounts.subject(key?.iamId ?? '');
    if (key === undefined || owner === undefined || !mayManage(caller, owner)) return missing();
    return answer(request, key);
  };
}

const locked = () => identityError(409, 'BXNIM0447E', 'The API key is locked.');

const update: OnKey = ({ received, accounts }, key) => {
  const tag = received.headers['if-match'];
  if (tag !== '*' && tag !== key.entityTag)
    return identityError(409, 'conflict', 'The key has changed.');
  if (key.locked) return locked();
  const { value: _, ...change } =
    readApiKeyFields({ name: key.name, ...bodyObject(received) }) ?? {};
  return json(200, shownApiKey(accounts.changeApiKey({ key: key.id, ...change })));
};

const remove: OnKey = ({ accounts }, key) => {
  if (key.locked) return locked();
  accounts.removeApiKey({ key: key.id });
  return noContent;
};

const change = (wanted: ApiKeyChange) =>
  onKey(({ accounts }, key) => {
    accounts.changeApiKey({ key: key.id, ...wanted });
    return noContent;
  });

export const apiKeyRoutes: readonly IdentityRoute[] = [
  ['GET', /^\/v1\/apikeys\/details$/, details],
  ['GET', /^\/v1\/apikeys\/?$/, list],
  ['POST', /^\/v1\/apikeys\/?$/, create],
  [
    'GET',
    /^\/v1\/apikeys\/([^/]+)$/,
    onKey((_, key) => json(200, shownApiKey(key, key.isRetrievable ? key.value : ''))),
  ],
  ['PUT', /^\/v1\/apikeys\/([^/]+)$/, onKey(update)],
  ['DELETE', /^\/v1\/apikeys\/([^/]+)$/, onKey(remove)],
  ['POST', /^\/v1\/apikeys\/([^/]+)\/lock$/, change({ locked: true })],
  ['DELETE', /^\/v1\/apikeys\/([^/]+)\/lock$/, change({ locked: false })],
  ['POST', /^\/v1\/apikeys\/([^/]+)\/disable$/, change({ disabled: true })],
  ['DELETE', /^\/v1\/apikeys\/([^/]+)\/disable$/, change({ disabled: false })],
];
