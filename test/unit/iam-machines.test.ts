import * as assert from 'uvu/assert';
// Loaded before the first request, whose time limit would include it.
import '../../src/http/send.ts';
import { requestComputeToken } from '../../src/iam/compute-token.ts';
import type { Compute } from '../sandbox/metadata.ts';
import { sandboxSuite } from '../sandbox/suite.ts';
import { testContext } from '../support/context.ts';
import { failureOf } from '../support/rejects.ts';

const options = { owner: 'trusted profile nodes', hint: 'link it' };
/** On a busy machine, the simulator takes longer than the default limit. */
const places = { tokenFiles: [], identityTimeoutMs: 10_000 };
const [token, tokens] = ['/identity/v1/token', '/identity/v1/iam_tokens'];
const old = ['/instance_identity/v1/token', '/instance_identity/v1/iam_token'];

/** Machines, and the paths that are requested there, in this order. */
const machines: readonly [compute: Compute, paths: readonly string[]][] = [
  ['vpc-new', [token, tokens]],
  ['vpc-old', [token, token, ...old]],
  ['power', [token, token, tokens]],
  ['bare-metal', [token, tokens]],
];

for (const [compute, paths] of machines) {
  const test = sandboxSuite(`compute identity: ${compute}`, { compute });
  const variables = [
    'DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS',
    'IBMCLOUD_CR_VPC_URL',
    'IBMCLOUD_CR_PVS_URL',
  ];
  for (const variable of variables) {
    test(`gets a token by ID, CRN and default, at the address in ${variable}`, async ({
      sandbox,
    }) => {
      const { sub, crn } = sandbox.accounts.addTrustedProfile({ name: 'nodes', ofInstance: true });
      const context = testContext({ now: Date.now, env: { [variable]: sandbox.metadataUrl } });
      for (const profile of [sub, `iam-${sub}`, crn, undefined]) {
        const before = sandbox.requests.log.length;
        const found = await requestComputeToken(context, profile, options, places);
        assert.ok(found.token, String(profile));
        const requested = sandbox.requests.log.slice(before);
        assert.equal(
          requested.map(({ path }) => path),
          paths,
        );
      }
    });
  }

  test('a profile that is not linked is refused; a name is not sent', async ({ sandbox }) => {
    const context = testContext({
      now: Date.now,
      env: { DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS: sandbox.metadataUrl },
    });
    const refused = await failureOf(requestComputeToken(context, 'Profile-no', options, places));
    assert.is(refused.code, 'refused');
    assert.match(refused.message, 'trusted_profile_not_found');
    const before = sandbox.requests.log.length;
    const named = await failureOf(requestComputeToken(context, 'nodes', options, places));
    assert.is(named.code, 'misconfigured');
    assert.is(sandbox.requests.log.length, before);
  });
  test.run();
}
