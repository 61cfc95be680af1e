import { readApiKeyFields } from './api-key-fields.ts';
import { type Answer, asObject, bodyObject, json } from './exchange.ts';
import {
  type IdentityRequest,
  type IdentityRoute,
  identityError,
  noContent,
  shownApiKey,
  shownServiceId,
} from './identity-answers.ts';

const missing = () => identityError(404, 'not_found', 'The service ID could not be found.');

/** Creates a service ID. If the body has `apikey`, also creates its first API key. */
function create({ received, caller, accounts }: IdentityRequest): Answer {
  const { account_id: accountId, name, description, apikey } = bodyObject(received) ?? {};
  if (typeof name !== 'string' || typeof accountId !== 'string') {
    return identityError(400, 'BXNIM0109E', "Property 'name' or 'account_id' is missing.");
  }
  if (accountId !== caller.accountId) {
    return identityError(403, 'forbidden', 'You may not make service IDs in this account.');
  }
  const added = accounts.addServiceId({
    name,
    accountId,
    ...(typeof description === 'string' && { description }),
    ruledByPolicies: true,
  });
  const fields = readApiKeyFields(asObject(apikey));
  if (fields === undefined) return json(201, shownServiceId(added));
  const key = accounts.addApiKey({ ...fields, owner: added.iamId });
  return json(201, { ...shownServiceId(added), apikey: shownApiKey(key, key.value) });
}

function inAccount({ caller, accounts }: IdentityRequest) {
  return accounts
    .subjects()
    .filter(({ type, accountId }) => type === 'ServiceId' && accountId === caller.accountId);
}

function list(request: IdentityRequest): Answer {
  const name = request.received.query.get('name');
  const found = inAccount(request).filter((each) => name === null || each.name === name);
  return json(200, { serviceids: found.map(shownServiceId) });
}

function one(request: IdentityRequest): Answer {
  const found = inAccount(request).find(({ sub }) => sub === request.id);
  return found === undefined ? missing() : json(200, shownServiceId(found));
}

/** Deletes a service ID and its API keys. */
function remove(request: IdentityRequest): Answer {
  const { accounts, id } = request;
  const found = inAccount(request).find(({ sub }) => sub === id);
  if (found === undefined) return missing();
  for (const key of accounts.apiKeys()) {
    if (key.iamId === found.iamId) accounts.removeApiKey({ key: key.id });
  }
  accounts.removeSubject({ iamId: found.iamId });
  return noContent;
}

export const serviceIdRoutes: readonly IdentityRoute[] = [
  ['POST', /^\/v1\/serviceids\/?$/, create],
  ['GET', /^\/v1\/serviceids\/?$/, list],
  ['GET', /^\/v1\/serviceids\/([^/]+)$/, one],
  ['DELETE', /^\/v1\/serviceids\/([^/]+)$/, remove],
];
