import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { createToken, type Pod } from '../kubelet/api-server.ts';
import { createCluster, profileOf } from '../kubelet/cluster.ts';
import type { Kubelet } from '../kubelet/kubelet.ts';
import {
  annotation,
  type Node,
  onNode,
  type StartOptions,
  tokenAttributes,
} from '../kubelet/node.ts';
import { type SandboxContext, sandboxSuite } from '../sandbox/suite.ts';
import { snapshot } from '../support/home.ts';
import { newKey } from './identity-cloud.ts';

const test = sandboxSuite('kubelet plugin with identities of pods');

const image = 'us.icr.io/ns/image';
const perPod = ['--service-accounts'];

/** Creates a node with its own identity for all hosts, in a cluster that IAM knows. */
function inCluster(
  { sandbox }: Pick<SandboxContext, 'sandbox'>,
  use: (
    cluster: ReturnType<typeof createCluster>,
    node: Node,
    start: (options?: StartOptions) => Kubelet,
  ) => Promise<void>,
): Promise<void> {
  return onNode(sandbox, async (node) => {
    node.addIdentity('node', newKey());
    node.map('*', 'node');
    const cluster = createCluster(sandbox);
    const { apiServer } = cluster;
    await use(cluster, node, (options) =>
      node.start({ args: perPod, apiServer, tokenAttributes, ...options }),
    );
  });
}

/** Returns the profile that a pod uses; it must be the only credential, cached for half an hour. */
async function pullsAs(kubelet: Kubelet, pod: Pod, asked = image): Promise<unknown> {
  const credentials = await kubelet.credentials(asked, pod);
  assert.is(credentials.length, 1, kubelet.log.join());
  assert.is(credentials[0]?.username, 'iambearer');
  return profileOf(credentials[0]?.password);
}

async function isRefused(kubelet: Kubelet, pod: Pod, why: RegExp): Promise<void> {
  const before = kubelet.log.length;
  assert.equal(await kubelet.credentials(image, pod), []);
  assert.is(kubelet.log.length, before + 1);
  const line = kubelet.log.at(-1) ?? '';
  assert.match(line, why);
  assert.match(line, /: exit status 1: docker-credential-icr: [^\n]+\n(hint: [^\n]+\n)?$/);
  assert.not.match(line, /eyJ|canary/);
}

test('uses the profile in the annotation', (context) =>
  inCluster(context, async ({ addPod, addProfile }, _, start) => {
    const profile = addProfile('ns:app');
    const kubelet = start();
    const pod = addPod('ns:app', profile);
    assert.is(await pullsAs(kubelet, pod), profile);
    assert.is(await pullsAs(kubelet, pod, 'us.icr.io/other/image'), profile);
    const [answer] = kubelet.answers;
    assert.is(kubelet.answers.length, 1, 'one for all images of the host');
    assert.is(answer?.cacheKeyType, 'Registry');
    assert.equal(Object.keys(answer?.auth ?? {}), ['us.icr.io']);
    const seconds = (answer?.cacheDuration ?? 0) / 1000;
    assert.ok(seconds > 1780 && seconds <= 1800, `${seconds} s`);
    assert.is(context.sandbox.requests.count({ grant: 'cr-token', status: 200 }), 1);
  }));

test('uses the profile in the arguments without an annotation', (context) =>
  inCluster(context, async ({ addPod, addProfile }, _, start) => {
    const usual = addProfile('ns:plain', 'ns:special');
    const special = addProfile('ns:special');
    const kubelet = start({ args: ['--trusted-profile', usual] });
    assert.is(await pullsAs(kubelet, addPod('ns:plain')), usual);
    assert.is(await pullsAs(kubelet, addPod('ns:special', special)), special);
    assert.is(await pullsAs(kubelet, addPod('ns:special', `iam-${special}`)), special);
  }));

test('the usual profile may be given by name or CRN', (context) =>
  inCluster(context, async ({ addPod, addProfile }, _, start) => {
    const usual = addProfile('ns:plain');
    const profiles = context.sandbox.accounts.trustedProfiles();
    const { crn = '', name = '' } = profiles.find(({ sub }) => sub === usual) ?? {};
    for (const text of [crn, name]) {
      const kubelet = start({ args: ['--trusted-profile', text] });
      assert.is(await pullsAs(kubelet, addPod('ns:plain')), usual, text);
    }
  }));

test('separates service accounts and profiles, including in the cache on disk', (context) =>
  inCluster(context, async ({ addPod, addProfile, apiServer }, _, start) => {
    const [shared, own] = [addProfile('ns:one', 'ns:two'), addProfile('ns:one')];
    const [one, two] = [addPod('ns:one', shared), addPod('ns:two', shared)];
    const passwords = new Set<string | undefined>();
    // Each kubelet has just started, so only the plugin's cache has entries.
    for (const pod of [one, two, one, two]) {
      passwords.add((await start().credentials(image, pod))[0]?.password);
    }
    assert.is(passwords.size, 2, 'one each, although the profile is the same');
    apiServer.annotate('ns', 'one', { [annotation]: own });
    assert.is(await pullsAs(start(), one), own);
    assert.is(await pullsAs(start(), two), shared);
    assert.is(context.sandbox.requests.count({ grant: 'cr-token' }), 3);
  }));

test('does not use cached tokens of a deleted account for a new one with the same name', (context) =>
  inCluster(context, async ({ addPod, addProfile }, _, start) => {
    const profile = addProfile('ns:app');
    const kubelet = start();
    const first = await kubelet.credentials(image, addPod('ns:app', profile));
    const second = await kubelet.credentials(image, addPod('ns:app', profile));
    assert.is.not(first[0]?.password, second[0]?.password);
    assert.is(context.sandbox.requests.count({ grant: 'cr-token' }), 2);
  }));

test('requests a new token from IAM if a service account token has no UID', (context) =>
  inCluster(context, async ({ addProfile, apiServer }, node) => {
    const profile = addProfile('ns:app');
    const account = { ...apiServer.addServiceAccount('ns', 'app'), uid: '' };
    const pod = { namespace: 'ns', name: 'app-0', uid: 'u', serviceAccountName: 'app' };
    const serviceAccountToken = apiServer.requestToken(account, pod, 'iam');
    const request = { serviceAccountToken, serviceAccountAnnotations: { [annotation]: profile } };
    for (const _ of [1, 2]) assert.is((await node.ask(request)).status, 0);
    assert.is(context.sandbox.requests.count({ grant: 'cr-token' }), 2);
    assert.equal(
      Object.keys(snapshot(node.folder)).filter((name) => name.startsWith('run')),
      [],
    );
  }));

test('lets IAM decide which profiles an account can use', (context) =>
  inCluster(context, async ({ addPod, addProfile }, _, start) => {
    const own = addProfile('ns:thief');
    const victims = addProfile('ns:victim');
    const kubelet = start();
    assert.is(await pullsAs(kubelet, addPod('ns:victim', victims)), victims);
    const why =
      /IAM refused service account ns:thief as trusted profile Profile-.*\nhint: let Profile-/;
    await isRefused(kubelet, addPod('ns:thief', victims), why);
    for (const args of [[...perPod, '--allow-node-identity'], ['--allow-node-identity']]) {
      await isRefused(start({ args }), addPod('ns:thief', victims), why);
    }
    assert.is(await pullsAs(kubelet, addPod('ns:thief', own)), own);
  }));

const noProfiles = [
  '',
  ' ',
  'node',
  'Profile-',
  'crn:v1:bluemix:public:iam-identity::a/1::profile:Profile-1',
  'Profile-1&profile_name=other',
  '../../etc/passwd',
];

test('refuses an invalid annotation, even if the node identity is allowed', (context) =>
  inCluster(context, async ({ addPod, addProfile }, _, start) => {
    const usual = addProfile('ns:app');
    const args = [...perPod, '--allow-node-identity', '--trusted-profile', usual];
    const kubelet = start({ args });
    for (const text of noProfiles) {
      await isRefused(kubelet, addPod('ns:app', text), /service account ns:app/);
    }
    assert.is(context.sandbox.requests.count({ service: 'iam' }), 0);
  }));

const unannotated = /service account ns:app has no annotation icr\.io\//;

test('refuses a pod without a profile, unless the node identity is allowed', (context) =>
  inCluster(context, async ({ addPod }, _, start) => {
    await isRefused(start(), addPod('ns:app'), unannotated);
    await isRefused(start({ args: [] }), addPod('ns:app'), unannotated);
    const kubelet = start({ args: ['--allow-node-identity'] });
    const [found] = await kubelet.credentials(image, addPod('ns:app'));
    assert.is(found?.username, 'iamapikey');
    assert.is(context.sandbox.requests.count({ service: 'iam' }), 0);
  }));

const now = Date.now();
type Claims = Partial<Parameters<typeof createToken>[2]>;
const tokens: readonly (readonly [what: string, claims: Claims, why: RegExp])[] = [
  [
    'for another audience',
    { audience: 'sts.example' },
    /ns:app is not for audience iam\nhint: set/,
  ],
  ['for the API server', { audience: 'https://kubernetes.default.svc' }, /not for audience iam/],
  [
    'that has expired',
    { now: now - 7200_000 },
    /ns:app has expired\nhint: check this node's clock/,
  ],
  ['that expires now', { now, life: 0 }, /ns:app has expired/],
];

for (const [what, claims, why] of tokens) {
  test(`refuses a token ${what}, unless the node identity is allowed`, (context) =>
    inCluster(context, async ({ addPod, addProfile, apiServer }, node) => {
      const profile = addProfile('ns:app');
      const pod = addPod('ns:app', profile);
      const account = apiServer.serviceAccount('ns', 'app');
      if (account === undefined) throw new Error('no account');
      const serviceAccountToken = createToken(account, pod, { audience: 'iam', now, ...claims });
      const request = { serviceAccountToken, serviceAccountAnnotations: account.annotations };
      for (const args of [[], ['--service-accounts'], ['--identity', 'node']]) {
        const { stdout, stderr, status } = await node.ask(request, args);
        assert.equal({ stdout, status }, { stdout: '', status: 1 });
        assert.match(stderr, why);
        assert.not.match(stderr, /eyJ|canary/);
      }
      const { stdout, stderr, status } = await node.ask(request, ['--allow-node-identity']);
      assert.is(status, 0);
      assert.match(stdout, '"username":"iamapikey"');
      assert.match(stderr, 'using the identity of the node');
      assert.is(context.sandbox.requests.count({ service: 'iam' }), 0);
    }));
}

test('accepts a token for the audience in the arguments', (context) =>
  inCluster(context, async ({ addPod, addProfile, apiServer }, node) => {
    const profile = addProfile('ns:app');
    addPod('ns:app', profile);
    const attributes = { ...tokenAttributes, serviceAccountTokenAudience: 'registry' };
    const pod = addPod('ns:app', profile);
    const options = { apiServer, tokenAttributes: attributes };
    const kubelet = node.start({ ...options, args: ['--audience', 'registry'] });
    assert.is(await pullsAs(kubelet, pod), profile);
    await isRefused(node.start(options), pod, /not for audience iam/);
  }));

const noTokens = ['canary', 'a.b.c', 'eyJhbGciOiJub25lIn0.bnVsbA.', 'eyJhbGciOiJub25lIn0.e30.'];

test('refuses an invalid service account token', ({ sandbox }) =>
  inCluster({ sandbox }, async (_, node) => {
    for (const serviceAccountToken of noTokens) {
      const { stdout, stderr, status } = await node.ask({ serviceAccountToken });
      assert.equal({ stdout, status }, { stdout: '', status: 1 });
      assert.match(stderr, 'does not belong to a service account');
    }
    const serviceAccountAnnotations = { [annotation]: 'Profile-1' };
    const alone = [
      await node.ask({}, perPod),
      await node.ask({}, ['--trusted-profile', 'Profile-1']),
      await node.ask({ serviceAccountAnnotations }),
    ];
    for (const { stdout, stderr, status } of alone) {
      assert.equal({ stdout, status }, { stdout: '', status: 1 });
      assert.match(stderr, 'has no service account token');
    }
  }));

test('uses the node identity for static pods only if it is allowed', (context) =>
  inCluster(context, async ({ apiServer }, node) => {
    const pod = { namespace: 'kube-system', name: 'etcd', uid: 'u', serviceAccountName: '' };
    const attributes = { ...tokenAttributes, requireServiceAccount: false };
    const options = { apiServer, tokenAttributes: attributes };
    const strict = node.start({ ...options, args: perPod });
    await isRefused(strict, pod, /has no service account token/);
    const lenient = node.start({ ...options, args: [...perPod, '--allow-node-identity'] });
    assert.is((await lenient.credentials(image, pod))[0]?.username, 'iamapikey');
  }));

test('returns nothing for other registries, and sends no token', (context) =>
  inCluster(context, async ({ addPod, addProfile }, _, start) => {
    const pod = addPod('ns:app', addProfile('ns:app'));
    const matchImages = ['quay.io', 'us.icr.io.evil.example'];
    const kubelet = start({ matchImages });
    for (const registry of matchImages) {
      assert.equal(await kubelet.credentials(`${registry}/ns/image`, pod), []);
    }
    assert.equal(kubelet.log, []);
    assert.is(kubelet.answers.length, 2);
    assert.is(context.sandbox.requests.count(), 0);
  }));

test('deletes cached tokens of accounts without a pull for a day', (context) =>
  inCluster(context, async ({ addPod, addProfile }, node, start) => {
    const profile = addProfile('ns:old', 'ns:new');
    await pullsAs(start(), addPod('ns:old', profile));
    const kept = () => fs.readdirSync(node.cache).filter((name) => name.startsWith('pod'));
    const old = kept();
    assert.is(old.length, 2, 'a token and a lock');
    const time = Date.now() / 1000 - 25 * 3600;
    for (const name of old) fs.utimesSync(path.join(node.cache, name), time, time);
    await pullsAs(start(), addPod('ns:new', profile));
    assert.equal(
      kept().filter((name) => old.includes(name)),
      [],
    );
    assert.is(kept().length, 2);
  }));

test('supports the longest names of accounts and namespaces', (context) =>
  inCluster(context, async ({ addPod, addProfile }, _, start) => {
    const account = `${'n'.repeat(63)}:${'a'.repeat(253)}`;
    const profile = addProfile(account);
    const pod = addPod(account, profile);
    for (const _ of [1, 2]) assert.is(await pullsAs(start(), pod), profile);
    assert.is(context.sandbox.requests.count({ grant: 'cr-token' }), 1);
  }));

test.run();
