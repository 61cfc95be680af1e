import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Caller } from '../../src/http/api-call.ts';
import { findApiKeyByValue } from '../../src/iam/api-keys.ts';
import { grantAccess } from '../../src/iam/policies.ts';
import { testContext } from '../support/context.ts';
import { rejects } from '../support/rejects.ts';

const test = suite("codes in IAM's errors");

/** Answers a GET of the policies with none, and everything else with the status and text. */
async function withIam(
  status: number,
  body: object,
  use: (caller: Caller) => Promise<unknown>,
): Promise<void> {
  const server = http.createServer((request, response) => {
    const isList = request.method === 'GET' && request.url?.startsWith('/v1/policies');
    response.writeHead(isList ? 200 : status);
    response.end(JSON.stringify(isList ? { policies: [] } : body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    await use({ name: 'work', accessToken: 'canary', iamId: 'IBMid-1', account: 'a', endpoint });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const access = {
  iamId: 'IBMid-2',
  role: 'Reader',
  namespace: undefined,
  region: undefined,
} as const;
const conflict = 'policy_conflict_error';

test('grants no access that another process has granted meanwhile', () =>
  withIam(409, { errors: [{ code: conflict, message: 'exists' }] }, async (caller) => {
    assert.is(await grantAccess(testContext(), caller, access), false);
  }));

test('reports another conflict, even if its text contains the code', () =>
  withIam(409, { errors: [{ code: 'other', message: `not a ${conflict}` }] }, (caller) =>
    rejects(grantAccess(testContext(), caller, access), 'refused', /other/),
  ));

test('finds no key that the token endpoint does not know', () =>
  withIam(400, { errorCode: 'BXNIM0415E', errorMessage: 'gone' }, async (caller) => {
    assert.is(await findApiKeyByValue(testContext(), caller, 'canary-key'), undefined);
  }));

test('reports another error about a key, even if its text contains the code', () =>
  withIam(400, { errorCode: 'BXNIM0001E', errorMessage: 'not "BXNIM0415E"' }, (caller) =>
    rejects(findApiKeyByValue(testContext(), caller, 'canary-key'), 'refused', /BXNIM0001E/),
  ));

test.run();
