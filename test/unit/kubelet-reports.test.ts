import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readHistory } from '../../src/access-log/history.ts';
import { lookupIn } from '../../src/identity/lookup.ts';
import { signOut } from '../../src/identity/signed-out.ts';
import { nodeAnswer } from '../../src/kubernetes/node-identity.ts';
import { parseImage } from '../../src/kubernetes/provider-request.ts';
import { pullCredentials } from '../../src/kubernetes/pull-credentials.ts';
import { type TestContext, testContext } from '../support/context.ts';
import { type Home, inHome, writeConfig } from '../support/home.ts';

const test = suite('what a node reports of its credentials');

function answerTo(context: TestContext, text: string) {
  const image = parseImage(text);
  if (image === undefined) throw new Error(`${text} is not an image of ICR`);
  return nodeAnswer(lookupIn(context), image, {});
}

const login = (folder: string) =>
  `run sudo env DOCKER_CREDENTIAL_ICR_CONFIG_DIR=${folder} docker-credential-icr login`;

for (const [image, isSignedOut, warning, options] of [
  [
    'us.icr.io/ns/a',
    false,
    'no identity is configured on this node for us.icr.io',
    '--identity node',
  ],
  [
    'cp.icr.io/cp/a',
    false,
    'no entitlement key is configured on this node for cp.icr.io',
    '--entitlement-key-stdin cp.icr.io',
  ],
  ['us.icr.io/ns/a', true, 'us.icr.io is signed out on this node', 'us.icr.io'],
] as const) {
  test(`${image} without a credential: ${warning}`, () =>
    inHome(async ({ env, config }) => {
      const context = testContext({ env });
      if (isSignedOut) signOut(context, 'us.icr.io');
      assert.is(await answerTo(context, image), undefined);
      assert.equal(context.warnings, [`${warning}\nhint: ${login(config)} ${options}`]);
    }));
}

test('without a home, the hint names the directory of a node', async () => {
  const context = testContext();
  assert.is(await answerTo(context, 'us.icr.io/ns/a'), undefined);
  assert.ok(
    context.warnings[0]?.endsWith(`${login('/etc/docker-credential-icr')} --identity node`),
  );
});

/** Identity work for all hosts, with the access log. */
function logged(home: Home): TestContext {
  const identities = { work: { kind: 'api-key', secretSetAt: 0 } };
  const settings = { identities, mappings: { '*': { identity: 'work' } }, accessLog: true };
  writeConfig(home, 'config.json', JSON.stringify(settings));
  const credential = { ServerURL: 'work', Username: 'u', Secret: 'canary' };
  writeConfig(home, 'identities/work.json', JSON.stringify(credential));
  return testContext({ env: home.env });
}

async function historyOf(context: TestContext): Promise<(string | undefined)[][]> {
  const entries = await readHistory(context);
  return entries.map(({ command, host, identity, username }) => [
    command,
    host,
    identity,
    username,
  ]);
}

test('the access log has the host of an image that the kubelet pulls', () =>
  inHome(async (home) => {
    const context = logged(home);
    await answerTo(context, 'us.icr.io/ns/a');
    assert.equal(await historyOf(context), [['kubelet', 'us.icr.io', 'work', 'iamapikey']]);
  }));

test('the access log has each host of a pull Secret', () =>
  inHome(async (home) => {
    const context = logged(home);
    await pullCredentials(lookupIn(context), { keys: ['us.icr.io/ns'] });
    const expected = ['kubernetes secret', 'us.icr.io/ns', 'work', 'iamapikey'];
    assert.equal(await historyOf(context), [expected]);
  }));

test.run();
