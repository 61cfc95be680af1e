import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { type HelperError, inOneLine } from '../../src/errors.ts';
import { isLinkLocal } from '../../src/http/local-address.ts';
// Loaded before the first request, whose time limit would include it.
import '../../src/http/send.ts';
import { readProjectedToken, requestComputeToken } from '../../src/iam/compute-token.ts';
import { metadataAddresses } from '../../src/iam/metadata.ts';
import { sandboxSuite } from '../sandbox/suite.ts';
import { testContext } from '../support/context.ts';
import { fails, failureOf } from '../support/rejects.ts';

const compute = sandboxSuite('compute resource identity');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-compute-'));
compute.after(() => fs.rmSync(folder, { recursive: true }));

const options = { owner: 'trusted profile nodes', hint: 'link it' };
const noFiles: readonly string[] = [];
/** On a busy machine, the simulator takes longer than the default limit. */
const patient = { tokenFiles: noFiles, identityTimeoutMs: 10_000 };
let files = 0;

function file(text: string): string {
  files += 1;
  const name = path.join(folder, String(files));
  fs.writeFileSync(name, text);
  return name;
}

/** Uses the real clock, because the sandbox's tokens do. */
function context(env: Record<string, string> = {}) {
  return testContext({ now: Date.now, env });
}

compute('gets a token for the given profile of a VPC instance', async ({ sandbox }) => {
  sandbox.accounts.addTrustedProfile({ name: 'other', ofInstance: true });
  const { sub } = sandbox.accounts.addTrustedProfile({ name: 'nodes', ofInstance: true });
  const places = { metadataAddresses: [sandbox.metadataUrl], ...patient };
  const token = await requestComputeToken(context(), sub, options, places);
  const payload = JSON.parse(atob(token.token.split('.')[1] ?? ''));
  assert.is(payload.sub, sub);
  assert.is(token.expiresAt - token.issuedAt, 3_600_000);
});

compute('reads the metadata service address from the environment', async ({ sandbox }) => {
  const { sub } = sandbox.accounts.addTrustedProfile({ name: 'nodes', ofInstance: true });
  const env = { DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS: sandbox.metadataUrl };
  const places = patient;
  assert.ok((await requestComputeToken(context(env), sub, options, places)).token);
  assert.ok((await requestComputeToken(context(env), undefined, options, places)).token);
  const bad = context({ DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS: 'http://canary.example' });
  assert.is(
    (await failureOf(requestComputeToken(bad, sub, options, places))).code,
    'misconfigured',
  );
});

compute('allows http only for link-local and loopback addresses', () => {
  for (const name of ['169.254.169.254', '[fe80::1]', '[febf::a]']) assert.ok(isLinkLocal(name));
  for (const name of ['169.255.1.1', '[fec0::1]', '169.254.evil.example', 'fe80.example']) {
    assert.not.ok(isLinkLocal(name), name);
  }
});

const addresses: readonly [text: string, address: string | undefined][] = [
  ['', 'http://169.254.169.254'],
  ['http://169.254.169.254/', 'http://169.254.169.254'],
  ['http://169.254.169.253:80', 'http://169.254.169.253'],
  ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
  ['http://localhost:8080', 'http://localhost:8080'],
  ['http://[::1]:8080', 'http://[::1]:8080'],
  ['https://api.metadata.cloud.ibm.com', 'https://api.metadata.cloud.ibm.com'],
  ['http://api.metadata.cloud.ibm.com', undefined],
  ['http://canary.example', undefined],
  ['http://10.0.0.1', undefined],
  ['http://169.254.169.254.canary.example', undefined],
  ['http://127.0.0.1.canary.example', undefined],
  ['http://localhost.canary.example', undefined],
  ['http://169.254.169.254@canary.example', undefined],
  ['https://canary@api.metadata.cloud.ibm.com', undefined],
  ['https://api.metadata.cloud.ibm.com/canary', undefined],
  ['https://api.metadata.cloud.ibm.com?canary', undefined],
  ['file:///etc', undefined],
  ['169.254.169.254', undefined],
];

for (const [text, address] of addresses) {
  compute(`metadata service address: ${JSON.stringify(text)}`, () => {
    const given = context({ DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS: text });
    if (address !== undefined) assert.is(metadataAddresses(given)[0], address);
    else assert.not.match(fails(() => metadataAddresses(given), 'misconfigured').message, 'canary');
  });
}

compute('uses the second-generation API if the first is missing', async ({ sandbox }) => {
  sandbox.faults.add('metadata', {
    kind: 'status',
    status: 404,
    path: '/instance_identity/v1/token',
    times: 'forever',
  });
  const { sub } = sandbox.accounts.addTrustedProfile({ name: 'nodes', ofInstance: true });
  const places = { metadataAddresses: [sandbox.metadataUrl], ...patient };
  assert.ok((await requestComputeToken(context(), sub, options, places)).token);
});

compute(
  'reports the service’s own message for a profile that is not linked',
  async ({ sandbox }) => {
    const places = { metadataAddresses: [sandbox.metadataUrl], ...patient };
    const error = await failureOf(requestComputeToken(context(), 'Profile-nope', options, places));
    assert.is(error.code, 'refused');
    assert.is(
      inOneLine(error),
      'the metadata service refused trusted profile nodes (trusted_profile_not_found: The trusted profile is not linked to the instance.); link it',
    );
  },
);

compute(
  'times out after one second if the metadata service does not respond',
  async ({ sandbox }) => {
    sandbox.faults.add('metadata', { kind: 'hang', times: 'forever' });
    const places = { metadataAddresses: [sandbox.metadataUrl], tokenFiles: noFiles };
    const began = performance.now();
    const error = await failureOf(requestComputeToken(context(), 'Profile-1', options, places));
    const took = performance.now() - began;
    assert.is(error.code, 'unreachable');
    assert.match(error.message, /^the metadata service at .* did not answer in time/);
    // The timeout for other services is ten seconds.
    assert.ok(took > 900 && took < 9000, `${took} ms`);
  },
);

compute(
  "exchanges a pod's token file, with precedence over the metadata service",
  async ({ sandbox }) => {
    const places = {
      metadataAddresses: ['http://127.0.0.1:1'],
      tokenFiles: [file(' canary-cr\n')],
    };
    const env = { IBMCLOUD_IAM_API_ENDPOINT: 'http://127.0.0.1:1' };
    const patient = { ...options, pause: () => Promise.resolve() };
    const error = await failureOf(requestComputeToken(context(env), 'Profile-1', patient, places));
    assert.match(error.message, /^cannot reach IAM at 127.0.0.1:1/);
    assert.is(sandbox.requests.count({ service: 'metadata' }), 0);
  },
);

compute('tries the usual address, then that of Power Virtual Server', async ({ sandbox }) => {
  assert.equal(metadataAddresses(context()), [
    'http://169.254.169.254',
    'https://api.metadata.power-iaas.cloud.ibm.com',
  ]);
  const { sub } = sandbox.accounts.addTrustedProfile({ name: 'nodes', ofInstance: true });
  const nowhere = 'http://127.0.0.1:1';
  const at = (metadataAddresses: readonly string[]) =>
    requestComputeToken(context(), sub, options, { metadataAddresses, tokenFiles: noFiles });
  assert.ok((await at([nowhere, sandbox.metadataUrl])).token);
  assert.ok((await at([nowhere, 'http://127.0.0.1:2', sandbox.metadataUrl])).token);
  const before = sandbox.requests.log.length;
  const error = await failureOf(at([nowhere, 'http://127.0.0.1:2']));
  assert.match(error.message, /^cannot reach the metadata service at 127\.0\.0\.1:1: /);
  assert.is(sandbox.requests.log.length, before);
});

compute('uses the first token file that exists', () => {
  const missing = path.join(folder, 'missing');
  const underFile = path.join(file(''), 'token');
  const found = [missing, underFile, file('canary-1'), file('canary-2')];
  assert.is(readProjectedToken(found), 'canary-1');
  assert.is(readProjectedToken([missing]), undefined);
});

compute('fails for a token file that is empty or not a regular file, without a fallback', () => {
  for (const [broken, code] of [
    [file(' \n'), 'damaged'],
    [folder, 'storage'],
  ] as const) {
    assert.throws(
      () => readProjectedToken([broken, file('canary')]),
      (error: HelperError) => error.code === code && error.message.includes(broken),
    );
  }
});

compute.run();
