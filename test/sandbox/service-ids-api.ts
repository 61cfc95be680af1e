import { readApiKeyFields } from './api-key-fields.ts';
import { type Answer, asObject, bodyObject, json } from './exchange.ts';
import {
  type IdentityRoute,
  identityError,
  noContent,
  shownApiKey,
  shownServiceId,
  type Visit,
} from './identity-answers.ts';

const missing = () => identityError(404, 'not_found', 'The service ID could not be found.');

/** With `apikey` in the body, a first key comes along. */
function create({ asked, caller, accounts }: Visit): Answer {
  const { account_id: accountId, name, description, apikey } = bodyObject(asked) ?? {};
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

function inAccount({ caller, accounts }: Visit) {
  return accounts
    .subjects()
    .filter(({ type, accountId }) => type === 'ServiceId' && accountId === caller.accountId);
}

function list(visit: Visit): Answer {
  const name = visit.asked.query.get('name');
  const found = inAccount(visit).filter((each) => name === null || each.name === name);
  return json(200, { serviceids: found.map(shownServiceId) });
}

function one(visit: Visit): Answer {
  const found = inAccount(visit).find(({ sub }) => sub === visit.id);
  return found === undefined ? missing() : json(200, shownServiceId(found));
}

/** Its keys go with it. */
function remove(visit: Visit): Answer {
  const { accounts, id } = visit;
  const found = inAccount(visit).find(({ sub }) => sub === id);
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
