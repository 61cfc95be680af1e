import { once } from 'node:events';
import http from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HelperError } from '../../src/errors.ts';
import { passcodeEndpoint } from '../../src/iam/token-request.ts';
import { testContext } from '../support/context.ts';

const openid = suite('passcode page');
let answer: unknown;
let path: string | undefined;
const server = http.createServer((request, response) => {
  path = request.url;
  response.end(JSON.stringify(answer));
});
openid.before(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
openid.after(() => {
  server.close();
});

function ask(): Promise<string> {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const context = testContext({ now: Date.now });
  return passcodeEndpoint(context, { endpoint: `http://127.0.0.1:${port}`, hint: 'stop' });
}

openid('uses the address from IAM', async () => {
  answer = { passcode_endpoint: 'https://identity-2.cloud.ibm.com/identity/passcode' };
  assert.is(await ask(), 'https://identity-2.cloud.ibm.com/identity/passcode');
  assert.is(path, '/identity/.well-known/openid-configuration');
});

const unfit = [
  undefined,
  7,
  '',
  '--help',
  'file:///etc/passwd',
  'http://identity.example/',
  'javascript:alert(1)',
];
for (const value of unfit) {
  openid(`rejects ${JSON.stringify(value)}, because a browser opens the address`, async () => {
    answer = { passcode_endpoint: value };
    const error = await ask().catch((reason: unknown) => reason);
    assert.instance(error, HelperError);
    assert.is(error instanceof HelperError && error.code, 'unreachable');
  });
}

openid.run();
