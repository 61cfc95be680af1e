import * as assert from 'uvu/assert';
import { ask } from '../sandbox/ask.ts';
import { type SandboxContext, sandboxSuite } from '../sandbox/suite.ts';

const test = sandboxSuite('sandbox: metadata');

const flavor = { 'Metadata-Flavor': 'ibm' };
const generations = [
  ['2022-03-01', '/instance_identity/v1/token', '/instance_identity/v1/iam_token'],
  ['2025-08-26', '/identity/v1/token', '/identity/v1/iam_tokens'],
] as const;

async function instanceToken({ sandbox }: SandboxContext, version: string, path: string) {
  return await ask(`${sandbox.metadataUrl}${path}?version=${version}`, {
    method: 'PUT',
    headers: flavor,
    json: { expires_in: 300 },
  });
}

for (const [version, tokenPath, iamPath] of generations) {
  test(`version ${version}: returns the instance's access token`, async (context) => {
    const { accounts, metadataUrl } = context.sandbox;
    const first = accounts.addTrustedProfile({ ofInstance: true });
    const other = accounts.addTrustedProfile({ ofInstance: true });
    const foreign = accounts.addTrustedProfile();
    const instance = await instanceToken(context, version, tokenPath);
    assert.is(instance.status, 200, instance.text);
    assert.is(instance.value.expires_in, 300);
    const bearer = String(instance.value.access_token);
    const url = `${metadataUrl}${iamPath}?version=${version}`;
    const body = (trusted: object) => ({
      method: 'POST',
      bearer,
      json: { trusted_profile: trusted },
    });
    assert.is((await ask(url, { method: 'POST', bearer })).status, 200);
    for (const trusted of [{ id: other.sub }, { crn: first.crn }]) {
      const reply = await ask(url, body(trusted));
      assert.is(reply.status, 200, reply.text);
      assert.equal(Object.keys(reply.value).toSorted(), [
        'access_token',
        'created_at',
        'expires_at',
        'expires_in',
      ]);
    }
    assert.is((await ask(url, body({ id: foreign.sub }))).status, 400);
    assert.is((await ask(url, { method: 'POST', bearer: 'canary' })).status, 401);
  });

  test(`version ${version}: does not serve the paths of the other generation`, async (context) => {
    const other = version === '2022-03-01' ? '2025-08-26' : '2022-03-01';
    assert.is((await instanceToken(context, other, tokenPath)).status, 404);
  });
}

test('requires the header and the version', async ({ sandbox }) => {
  const url = `${sandbox.metadataUrl}/instance_identity/v1/token`;
  assert.is((await ask(`${url}?version=2022-03-01`, { method: 'PUT' })).status, 400);
  assert.is((await ask(url, { method: 'PUT', headers: flavor })).status, 400);
});

test.run();
