import { once } from 'node:events';
import http from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { passcodePage } from '../../src/cli/secret-input.ts';
import { HelperError } from '../../src/errors.ts';
import { authorizationRequest } from '../../src/iam/authorization-request.ts';
import { openIdConfiguration } from '../../src/iam/openid-configuration.ts';
import { testContext } from '../support/context.ts';

const openid = suite('OpenID configuration of IAM');
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

function ask() {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const context = testContext({ now: Date.now });
  return openIdConfiguration(context, { endpoint: `http://127.0.0.1:${port}`, hint: 'stop' });
}

openid('uses the addresses from IAM', async () => {
  answer = {
    passcode_endpoint: 'https://identity-2.cloud.ibm.com/identity/passcode',
    authorization_endpoint: 'https://identity-2.cloud.ibm.com/identity/authorize?a=b',
    token_endpoint: 'https://identity-2.cloud.ibm.com/identity/token',
    code_challenge_methods_supported: ['plain', 'S256'],
  };
  const found = await ask();
  assert.is(path, '/identity/.well-known/openid-configuration');
  assert.is(passcodePage(found), 'https://identity-2.cloud.ibm.com/identity/passcode');
  assert.is(found.tokenUrl?.href, 'https://identity-2.cloud.ibm.com/identity/token');
  const { url, verifier } = authorizationRequest(found, 'http://127.0.0.1:1/', 'random');
  assert.match(url.href, /^https:\/\/identity-2\.cloud\.ibm\.com\/identity\/authorize\?a=b&/);
  assert.match(url.href, /&code_challenge=[\w-]{43}&code_challenge_method=S256$/);
  assert.match(verifier ?? '', /^[\w-]{43}$/);
  assert.not.ok(url.href.includes(verifier ?? ''), 'the page does not get the secret of PKCE');
});

const withoutPkce = [undefined, 'S256', [], ['plain']];
for (const methods of withoutPkce) {
  openid(`does not use PKCE if IAM supports ${JSON.stringify(methods)}`, async () => {
    const authorization_endpoint = 'https://iam.cloud.ibm.com/identity/authorize';
    answer = { authorization_endpoint, code_challenge_methods_supported: methods };
    const request = authorizationRequest(await ask(), 'http://127.0.0.1:1/', 'random');
    assert.is(request.verifier, undefined);
    assert.not.match(request.url.href, 'challenge');
  });
}

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
    answer = { passcode_endpoint: value, authorization_endpoint: value, token_endpoint: value };
    const found = await ask();
    assert.is(found.tokenUrl, undefined);
    const uses = [() => passcodePage(found), () => authorizationRequest(found, '', '')];
    for (const use of uses) {
      assert.throws(use, (error: unknown) => {
        return error instanceof HelperError && error.code === 'unreachable';
      });
    }
  });
}

openid.run();
