import { spawn, spawnSync } from 'node:child_process';
import * as assert from 'uvu/assert';
import { sandboxSuite } from '../sandbox/suite.ts';
import { collect, executable, notFound, refused } from '../support/helper.ts';
import { claimsOf } from '../support/jwt.ts';
import {
  inCloud,
  newKey,
  type Person,
  refusal,
  requireLowPrecedence,
  settingsOf,
} from './identity-cloud.ts';

const test = sandboxSuite('trusted profile of a compute resource');

const instanceToken = '/identity/v1/token';

test('is off by default; when enabled, one token is requested and cached', ({ sandbox }) =>
  inCloud(sandbox, async ({ say, get, call }) => {
    const { sub } = sandbox.accounts.addTrustedProfile({ name: 'nodes', ofInstance: true });
    assert.equal(await call('get', 'us.icr.io'), notFound);
    assert.is(sandbox.requests.count(), 0);
    await say(`settings compute-profile ${sub}`);
    const found = await get('us.icr.io');
    assert.is(found.username, 'iambearer');
    assert.is(claimsOf(found.secret).sub, sub);
    assert.equal(
      sandbox.requests.log.map(({ method, path }) => `${method} ${path}`),
      ['PUT /identity/v1/token', 'POST /identity/v1/iam_tokens'],
    );
    assert.equal(await get('de.icr.io'), found);
    assert.is((await say('token')).trim(), found.secret);
    assert.is.not((await say('token --refresh')).trim(), found.secret);
    assert.is(sandbox.requests.count(), 4);
    assert.match(await say('status'), /^us\.icr\.io +ok +- +iambearer +this machine +-$/m);
    assert.match(await say('status'), `other hosts: trusted profile ${sub}\n`);
    await say('settings compute-profile off');
    assert.equal(await call('get', 'us.icr.io'), notFound);
  }));

test('login --trusted-profile: by name with a compute resource token; the ID is stored', ({
  sandbox,
}) =>
  inCloud(sandbox, async ({ home, say, call }) => {
    const token = newKey();
    const { sub } = sandbox.accounts.addTrustedProfile({ name: 'pods', computeTokens: [token] });
    const login = 'login --identity pod --trusted-profile pods';
    await say(login, '', { IBMCLOUD_CR_TOKEN: token });
    assert.is(settingsOf(home).identities.pod?.profile, sub);
    const { stderr } = await call(login);
    assert.match(stderr, 'the metadata service does not accept the name of a trusted profile\n');
  }));

test('supports an instance with only the first-generation API', ({ sandbox }) =>
  inCloud(sandbox, async ({ say, get }) => {
    const { sub } = sandbox.accounts.addTrustedProfile({ ofInstance: true });
    sandbox.faults.add('metadata', {
      kind: 'status',
      status: 404,
      path: instanceToken,
      times: 'forever',
    });
    await say(`settings compute-profile ${sub}`);
    assert.is(claimsOf((await get('us.icr.io')).secret).sub, sub);
    assert.equal(
      sandbox.requests.log.map(({ path }) => path),
      [
        instanceToken,
        instanceToken,
        '/instance_identity/v1/token',
        '/instance_identity/v1/iam_token',
      ],
    );
  }));

test('login --trusted-profile: stores an identity and prints its owner', ({ sandbox }) =>
  inCloud(sandbox, async ({ say, get }) => {
    const { sub } = sandbox.accounts.addTrustedProfile({ name: 'nodes', ofInstance: true });
    assert.match(
      await say(`login us.icr.io --identity vpc --trusted-profile ${sub}`),
      /^Logged in as trusted profile nodes \(account \w+\) with identity vpc; used for us\.icr\.io$/m,
    );
    const { username, secret } = await get('us.icr.io');
    assert.equal([username, claimsOf(secret).sub], ['iambearer', sub]);
    assert.is(claimsOf(await say('token --identity vpc')).sub, sub);
  }));

test('reads the variables of the ibmcloud CLI, only if the compute identity is enabled', ({
  sandbox,
}) =>
  inCloud(sandbox, async ({ say, get, call }) => {
    const { accounts, metadataUrl } = sandbox;
    const setting = accounts.addTrustedProfile({ ofInstance: true });
    const given = accounts.addTrustedProfile({ name: 'pods', ofInstance: true });
    const token = newKey();
    const pods = accounts.addTrustedProfile({ name: 'by-token', computeTokens: [token] });
    const enabled = { IBMCLOUD_CR_PROFILE: given.sub, IBMCLOUD_CR_TOKEN: '' };
    assert.equal(await call('get', 'us.icr.io', enabled), notFound);
    await say(`settings compute-profile ${setting.crn}`);
    const subjectOf = async (env: Record<string, string>) =>
      claimsOf((await get('us.icr.io', env)).secret).sub;
    assert.is(await subjectOf({}), setting.sub);
    for (const profile of [given.sub, given.crn]) {
      assert.is(await subjectOf({ IBMCLOUD_CR_PROFILE: profile }), given.sub, profile);
    }
    for (const profile of [pods.sub, pods.crn, 'by-token']) {
      const env = { IBMCLOUD_CR_PROFILE: profile, IBMCLOUD_CR_TOKEN: ` ${token}\n` };
      assert.is(await subjectOf(env), pods.sub, profile);
    }
    const own = { DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS: '', IBMCLOUD_CR_PROFILE: given.sub };
    for (const variable of ['IBMCLOUD_CR_VPC_URL', 'IBMCLOUD_CR_PVS_URL']) {
      assert.is(await subjectOf({ ...own, [variable]: metadataUrl }), given.sub, variable);
    }
    const named = await call('get', 'us.icr.io', { IBMCLOUD_CR_PROFILE: 'pods' });
    assert.match(named.stdout, 'does not accept the name of a trusted profile; use its ID');
    const missing = { IBMCLOUD_CR_PROFILE: 'other', IBMCLOUD_CR_TOKEN: '@/nonexistent' };
    const { stdout } = await call('get', 'us.icr.io', missing);
    assert.match(stdout, 'the file in IBMCLOUD_CR_TOKEN does not exist');
  }));

test('fails after one second if the metadata service does not respond', ({ sandbox }) =>
  inCloud(sandbox, async ({ say, call }) => {
    sandbox.faults.add('metadata', { kind: 'hang', times: 'forever' });
    await say('settings compute-profile Profile-x');
    const began = performance.now();
    const { host } = new URL(sandbox.metadataUrl);
    const line = `the metadata service at ${host} did not answer in time`;
    const hint = 'try again later';
    const login = 'login --identity vpc --trusted-profile Profile-x';
    const outcomes = await Promise.all([call('get', 'us.icr.io'), call('token'), call(login)]);
    const seconds = (performance.now() - began) / 1000;
    assert.equal(outcomes, [
      refused(`us.icr.io: ${line}; ${hint}`),
      refusal(line, hint),
      refusal(line, hint),
    ]);
    // The timeout for other services is ten seconds.
    assert.ok(seconds > 1 && seconds < 9, `${seconds} s`);
  }));

test('reports a profile that is not linked, with a hint', ({ sandbox }) =>
  inCloud(sandbox, async ({ say, call }) => {
    await say('settings compute-profile Profile-x');
    assert.equal(
      await call('get', 'us.icr.io'),
      refused(
        'us.icr.io: the metadata service refused trusted profile Profile-x (trusted_profile_not_found: The trusted profile is not linked to the instance.); make trusted profile Profile-x trust this instance, or run docker-credential-icr settings compute-profile off',
      ),
    );
  }));

test('has the lowest precedence', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { sub } = sandbox.accounts.addTrustedProfile({ ofInstance: true });
    await person.say(`settings compute-profile ${sub}`);
    await requireLowPrecedence(person);
    assert.is(sandbox.requests.count(), 0);
  }));

/** Runs `get` in its own mount namespace with these files below /var/run/secrets. */
function getInPod({ home, env }: Person, files: Readonly<Record<string, string>>) {
  const writes = Object.entries(files).map(
    ([name, text]) => `mkdir -p "$(dirname ${name})" && printf '%s' '${text}' > ${name}`,
  );
  const script = ['mount -t tmpfs tmpfs /run', 'cd /run && mkdir secrets && cd secrets', ...writes];
  const words = ['-Urm', 'sh', '-ec', `${script.join('\n')}\nexec "${executable}" get`];
  const child = spawn('unshare', words, { env: { ...home.env, ...env } });
  child.stdin.end('us.icr.io');
  return collect(child);
}

const canUnshare =
  spawnSync('unshare', ['-Urm', 'sh', '-ec', 'mount -t tmpfs tmpfs /run']).status === 0 &&
  spawnSync('readlink', ['-f', '/var/run'], { encoding: 'utf8' }).stdout === '/run\n';
const inPod = canUnshare ? test : test.skip;

inPod(
  'exchanges a pod’s token file, which takes precedence over the metadata service',
  ({ sandbox }) =>
    inCloud(sandbox, async (person) => {
      const { accounts, requests } = sandbox;
      const computeTokens = ['canary-vault', 'canary-sa', 'canary-engine'];
      const { sub } = accounts.addTrustedProfile({ computeTokens });
      const other = accounts.addTrustedProfile({ computeTokens: ['canary-sa'] }).sub;
      await person.say(`settings compute-profile ${sub}`);
      const rows = [
        { 'tokens/vault-token': 'canary-vault\n', 'tokens/sa-token': 'canary-nobody' },
        { 'tokens/sa-token': 'canary-sa' },
        { 'codeengine.cloud.ibm.com/compute-resource-token/token': 'canary-engine' },
      ];
      for (const files of rows) {
        const { stdout, stderr, status } = await getInPod(person, files);
        assert.equal([stderr, status], ['', 0], stdout);
        assert.is(claimsOf(JSON.parse(stdout).Secret).sub, sub);
        await person.call('logout');
      }
      assert.is(requests.count({ grant: 'cr-token', status: 200 }), 3);
      assert.is(requests.count({ service: 'metadata' }), 0);

      await person.say(`settings compute-profile ${other}`);
      assert.equal(
        await getInPod(person, { 'tokens/vault-token': 'canary-vault' }),
        refused(
          `us.icr.io: IAM refused trusted profile ${other} (BXNIM0407E: Provided token is invalid.); make trusted profile ${other} trust this instance, or run docker-credential-icr settings compute-profile off`,
        ),
      );
      assert.equal(
        await getInPod(person, { 'tokens/vault-token': '\n' }),
        refused("us.icr.io: the pod's token in /var/run/secrets/tokens/vault-token is empty"),
      );
    }),
);

test.run();
