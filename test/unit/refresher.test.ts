import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HelperError } from '../../src/errors.ts';
import type { ClusterRequest } from '../../src/kubernetes/cluster-api.ts';
import { refreshNamespaces } from '../../src/kubernetes/refresh-namespace.ts';
import { intervalsMs } from '../../src/kubernetes/refreshed-secret.ts';
import type { RefreshOptions } from '../../src/kubernetes/renew-secret.ts';
import { noon, testContext } from '../support/context.ts';
import {
  createKubernetesApi,
  failure,
  type KubernetesApi,
  respond,
} from '../support/kubernetes-api.ts';
import { rejects } from '../support/rejects.ts';

const test = suite('refresher of pull Secrets');
const minute = 60_000;
const hour = 60 * minute;
const annotation = 'icr.io/trusted-profile-id';
const selected = { 'icr.io/pull-secret': 'true' };

interface World {
  readonly api: KubernetesApi;
  now: number;
  lifetimeMs: number;
  /** The profiles of the requests to IAM. */
  readonly minted: (string | undefined)[];
  /** Called before each request to IAM. */
  iam: (profile: string | undefined) => void;
  readonly warnings: readonly string[];
  readonly run: (change?: Partial<RefreshOptions>) => ReturnType<typeof refreshNamespaces>;
}

function createWorld(profiles: Readonly<Record<string, string | undefined>> = {}): World {
  const api = createKubernetesApi();
  for (const [name, profile] of Object.entries(profiles)) {
    const annotations = profile === undefined ? {} : { [annotation]: profile };
    api.namespaces.set(name, { labels: selected, annotations });
  }
  const context = testContext({ now: () => world.now });
  const world: World = {
    api,
    now: noon,
    lifetimeMs: hour,
    minted: [],
    iam: () => {},
    warnings: context.warnings,
    run: (change = {}) =>
      refreshNamespaces(
        context,
        {
          api: async (request) => api.handle(request),
          requestToken: async (profile) => {
            world.iam(profile);
            world.minted.push(profile);
            const token = `canary-${profile}-${world.minted.length}`;
            return { token, issuedAt: world.now, expiresAt: world.now + world.lifetimeMs };
          },
        },
        {
          selector: 'icr.io/pull-secret=true',
          secretName: 'icr-pull',
          hosts: ['us.icr.io', 'de.icr.io/ns/'],
          profile: undefined,
          usesApiKey: false,
          refresher: 'ops/refresher',
          serviceAccounts: [],
          intervalMs: intervalsMs.cronjob,
          ...change,
        },
      ),
  };
  return world;
}

function authsIn({ api }: World, namespace: string) {
  const { data } = api.secrets.get(`${namespace}/icr-pull`) ?? {};
  const text = Buffer.from(data?.['.dockerconfigjson'] ?? '', 'base64').toString();
  return JSON.parse(text).auths as Record<string, { username: string; password: string }>;
}

test('creates a Secret in each selected namespace', async () => {
  const world = createWorld({ shop: 'Profile-1', team: 'iam-Profile-2' });
  world.api.namespaces.set('other', {});
  const deletionTimestamp = '2026-01-01T00:00:00Z';
  world.api.namespaces.set('gone', { labels: selected, deletionTimestamp });
  assert.equal(await world.run(), { renewed: 2, unchanged: 0, failed: 0 });
  assert.equal([...world.api.secrets.keys()].sort(), ['shop/icr-pull', 'team/icr-pull']);
  const auths = authsIn(world, 'team');
  assert.equal(Object.keys(auths), ['us.icr.io', 'de.icr.io/ns/']);
  assert.is(auths['us.icr.io']?.username, 'iambearer');
  assert.match(auths['us.icr.io']?.password ?? '', 'canary-Profile-2-');
  const { metadata, type } = world.api.secrets.get('shop/icr-pull') ?? {};
  assert.is(type, 'kubernetes.io/dockerconfigjson');
  assert.equal(metadata?.labels, { 'app.kubernetes.io/managed-by': 'docker-credential-icr' });
  assert.is(metadata?.annotations?.['icr.io/refresher'], 'ops/refresher');
  assert.is(metadata?.annotations?.['icr.io/expires-at'], '2026-01-01T13:00:00.000Z');
});

test('requests one token for each profile', async () => {
  const world = createWorld({ a: 'Profile-1', b: 'Profile-1', c: 'Profile-2' });
  await world.run();
  assert.equal([...world.minted].sort(), ['Profile-1', 'Profile-2']);
});

function pass(world: World, minutes: number): undefined {
  world.now += minutes * minute;
}

const renewals: readonly (readonly [
  what: string,
  change: (world: World) => Partial<RefreshOptions> | undefined,
  isRenewed: boolean,
])[] = [
  ['nothing has changed', () => undefined, false],
  ['13 minutes later', (world) => pass(world, 13), false],
  ['18 minutes later', (world) => pass(world, 18), true],
  ['the clock was two hours fast', (world) => pass(world, -120), true],
  ['the hosts have changed', () => ({ hosts: ['us.icr.io'] }), true],
  [
    'the profile has changed',
    ({ api }) => {
      api.namespaces.set('shop', { labels: selected, annotations: { [annotation]: 'Profile-2' } });
      return undefined;
    },
    true,
  ],
  ['the Secret was deleted', ({ api }) => void api.secrets.clear(), true],
];
for (const [what, change, isRenewed] of renewals) {
  test(`${isRenewed ? 'renews' : 'does not change'} a Secret if ${what}`, async () => {
    const world = createWorld({ shop: 'Profile-1' });
    await world.run();
    const options = change(world);
    const { renewed } = await world.run(options ?? {});
    assert.is(renewed, isRenewed ? 1 : 0);
    assert.is(world.minted.length, isRenewed ? 2 : 1);
  });
}

const label = { 'app.kubernetes.io/managed-by': 'docker-credential-icr' };
const foreign = [
  {},
  { labels: label },
  { annotations: { 'icr.io/refresher': 'ops/refresher' } },
  { labels: label, annotations: { 'icr.io/refresher': 'other/refresher' } },
];
for (const metadata of foreign) {
  test(`does not change a Secret with ${JSON.stringify(metadata)}`, async () => {
    const world = createWorld({ shop: 'Profile-1', team: 'Profile-1' });
    world.api.addSecret('shop', 'icr-pull', metadata);
    assert.equal(await world.run(), { renewed: 1, unchanged: 0, failed: 1 });
    assert.is(world.api.secrets.get('shop/icr-pull')?.data['.dockerconfigjson'], 'foreign');
    assert.match(world.warnings.join(), /namespace shop: .* was not created by this refresher/);
  });
}

/** Calls `act` once, before the first change of a Secret. */
function beforeChange({ api }: World, act: () => void): void {
  api.intercept = ({ method }) => {
    if (method !== 'PATCH') return undefined;
    api.intercept = undefined;
    act();
    return undefined;
  };
}

test('repeats a change if the Secret was changed in the meantime', async () => {
  const world = createWorld({ shop: 'Profile-1' });
  await world.run();
  world.now += 20 * minute;
  const secret = world.api.secrets.get('shop/icr-pull');
  beforeChange(world, () => {
    if (secret) secret.metadata.resourceVersion = 'changed';
  });
  world.api.requests.length = 0;
  assert.equal(await world.run(), { renewed: 1, unchanged: 0, failed: 0 });
  assert.is(world.api.requests.filter((line) => line.startsWith('PATCH')).length, 2);
});

test('does not change a Secret that replaced its own in the meantime', async () => {
  const world = createWorld({ shop: 'Profile-1' });
  await world.run();
  world.now += 20 * minute;
  beforeChange(world, () => world.api.addSecret('shop', 'icr-pull'));
  assert.is((await world.run()).failed, 1);
  assert.is(world.api.secrets.get('shop/icr-pull')?.data['.dockerconfigjson'], 'foreign');
});

test('does not change a Secret that was created in the meantime', async () => {
  const world = createWorld({ shop: 'Profile-1' });
  beforeChange(world, () => world.api.addSecret('shop', 'icr-pull'));
  assert.is((await world.run()).failed, 1);
  assert.is(world.api.secrets.get('shop/icr-pull')?.data['.dockerconfigjson'], 'foreign');
});

test('replaces what another program has changed in its own Secret', async () => {
  const world = createWorld({ shop: 'Profile-1' });
  await world.run();
  world.api.edit('shop', 'icr-pull', { '.dockerconfigjson': 'foreign' });
  assert.equal(await world.run(), { renewed: 1, unchanged: 0, failed: 0 });
  assert.match(authsIn(world, 'shop')['us.icr.io']?.password ?? '', /^canary-Profile-1-/);
  assert.equal(await world.run(), { renewed: 0, unchanged: 1, failed: 0 });
});

test('gives up after three conflicts', async () => {
  const world = createWorld({ shop: 'Profile-1' });
  world.api.intercept = ({ method }) =>
    method === 'PATCH' ? failure(409, 'the object has been modified') : undefined;
  assert.is((await world.run()).failed, 1);
  assert.is(world.api.requests.filter((line) => line.startsWith('PATCH')).length, 3);
});

test('does nothing if no namespace is selected, also if Go writes the empty list as null', async () => {
  const world = createWorld();
  const nothing = { renewed: 0, unchanged: 0, failed: 0 };
  assert.equal(await world.run(), nothing);
  world.api.intercept = () => respond(200, { metadata: {}, items: null });
  assert.equal(await world.run(), nothing);
});

test('renews tokens with a short lifetime after a quarter of it', async () => {
  const world = createWorld({ shop: 'Profile-1' });
  world.lifetimeMs = 20 * minute;
  await world.run();
  world.now += 3 * minute;
  assert.is((await world.run()).unchanged, 1);
  world.now += 2 * minute;
  assert.is((await world.run()).renewed, 1);
});

function withNamespaces(count: number): World {
  const names = Array.from({ length: count }, (_, index) => `ns-${index}`);
  return createWorld(Object.fromEntries(names.map((name) => [name, 'Profile-1'])));
}

test('lists all pages, and begins again if the list has expired', async () => {
  const world = withNamespaces(250);
  let expired = 1;
  world.api.intercept = ({ query = {} }) =>
    query.continue === '200' && expired-- > 0 ? failure(410, 'Expired') : undefined;
  assert.equal(await world.run(), { renewed: 250, unchanged: 0, failed: 0 });
  const lists = world.api.requests.filter((line) => line === 'GET /api/v1/namespaces');
  assert.is(lists.length, 10);
});

test('reads objects whose members have another type than in Kubernetes', async () => {
  const world = withNamespaces(1);
  const odd = { uid: 5, labels: null, annotations: null, managedFields: [null, 'x'] };
  world.api.intercept = ({ path }) => {
    if (path === '/api/v1/namespaces') {
      const metadata = { name: 'odd', ...odd, deletionTimestamp: null, resourceVersion: 7 };
      return respond(200, { metadata: { resourceVersion: 7 }, items: [{ metadata }] });
    }
    return path.includes('/secrets/')
      ? respond(200, { metadata: { name: 'icr-pull', ...odd } })
      : undefined;
  };
  assert.is((await world.run({ profile: 'Profile-1' })).failed, 1);
  assert.match(world.warnings.join(), 'was not created by this refresher');
});

for (const name of ['../x', 'a/b', 'a?b', 'A', '', 5, null, '-a']) {
  test(`refuses an object with the name ${JSON.stringify(name)}`, async () => {
    const world = withNamespaces(1);
    for (const metadata of [{ name }, { name: 'a', namespace: name }]) {
      world.api.requests.length = 0;
      world.api.intercept = () => respond(200, { metadata: {}, items: [{ metadata }] });
      await rejects(world.run(), 'unreachable', /an invalid response for an object/);
      assert.is(world.api.requests.length, 1);
    }
  });
}

test('ends if the list does not advance', async () => {
  const world = withNamespaces(1);
  world.api.intercept = () => respond(200, { metadata: { continue: 'again' }, items: [] });
  await rejects(world.run(), 'unreachable', /an invalid response for the list of namespaces/);
});

test('fails if the list cannot be read', async () => {
  const world = withNamespaces(150);
  const fault = (status: number) => (request: ClusterRequest) =>
    request.query?.continue === undefined ? undefined : failure(status, 'canary');
  world.api.intercept = fault(410);
  await rejects(world.run(), 'refused', /list of namespaces \(410/);
  world.api.intercept = () => failure(403, 'forbidden');
  await rejects(world.run(), 'refused', /403.*ClusterRole/);
  world.api.intercept = () => ({ status: 200, text: '<html>', header: () => undefined });
  await rejects(world.run(), 'unreachable', /invalid response/);
  assert.is(world.api.secrets.size, 0);
});

const gone = [
  failure(404, 'namespaces "shop" not found'),
  failure(403, 'it is being terminated', { causes: [{ reason: 'NamespaceTerminating' }] }),
];
for (const answer of gone) {
  test(`a namespace that is deleted during a run is not a failure (${answer.status})`, async () => {
    const world = createWorld({ shop: 'Profile-1' });
    world.api.intercept = ({ method }) => (method === 'PATCH' ? answer : undefined);
    const options = { serviceAccounts: ['default'] };
    assert.equal(await world.run(options), { renewed: 0, unchanged: 0, failed: 0 });
  });
}

test('a failure in one namespace does not stop the others, and its message has no token', async () => {
  const world = createWorld({ a: 'Profile-1', b: 'Profile-1', c: 'no profile', d: undefined });
  world.api.intercept = ({ method, path, secret }) =>
    method === 'PATCH' && path.includes('/a/') ? failure(500, `no ${secret}`) : undefined;
  assert.equal(await world.run(), { renewed: 1, unchanged: 0, failed: 3 });
  const text = world.warnings.join('\n');
  assert.match(text, /namespace a: .*\(500/);
  assert.match(text, /namespace c: invalid trusted profile ID/);
  assert.match(text, /namespace d: there is no annotation/);
  assert.not.match(text, 'canary');
});

test('creates an Event for each failure', async () => {
  const world = createWorld({ a: 'Profile-1', b: undefined });
  assert.is((await world.run()).failed, 1);
  assert.equal(
    world.api.events.map(({ namespace }) => namespace),
    ['b'],
  );
  assert.match(world.api.events[0]?.message ?? '', /there is no annotation .*; annotate the/);
  world.api.intercept = ({ method }) => (method === 'POST' ? failure(403, 'no') : undefined);
  assert.is((await world.run()).failed, 1);
});

test('adds the Secret to service accounts, and keeps their other Secrets', async () => {
  const world = createWorld({ a: 'Profile-1', b: 'Profile-1', c: 'Profile-1' });
  const { serviceAccounts } = world.api;
  serviceAccounts.set('a/default', { version: 1, imagePullSecrets: [{ name: 'all-icr-io' }] });
  serviceAccounts.set('b/default', { version: 1 });
  const options = { serviceAccounts: ['default'] };
  let changed = false;
  world.api.intercept = ({ method, path }) => {
    if (method !== 'PATCH' || !path.includes('/a/serviceaccounts/') || changed) return undefined;
    changed = true;
    const other = [{ name: 'all-icr-io' }, { name: 'other' }];
    serviceAccounts.set('a/default', { version: 2, imagePullSecrets: other });
    return undefined;
  };
  assert.equal(await world.run(options), { renewed: 3, unchanged: 0, failed: 1 });
  assert.match(world.warnings.join(), /namespace c: .*service account default \(404/);
  const expected = ['all-icr-io', 'other', 'icr-pull'];
  const namesOf = (key: string) =>
    serviceAccounts.get(key)?.imagePullSecrets?.map(({ name }) => name);
  assert.equal(namesOf('a/default'), expected);
  assert.equal(namesOf('b/default'), ['icr-pull']);
  await world.run(options);
  assert.equal(namesOf('a/default'), expected);
  assert.is(serviceAccounts.get('b/default')?.version, 2);
});

const ownProfiles: readonly (readonly [
  what: string,
  options: Partial<RefreshOptions>,
  annotations: Readonly<Record<string, string>>,
  secrets: readonly string[],
  problem: RegExp | undefined,
])[] = [
  [
    'that the namespace allows',
    {},
    { [annotation]: 'Profile-1', 'icr.io/service-account-profiles': 'Profile-3, Profile-2' },
    ['icr-pull-web'],
    undefined,
  ],
  [
    'without one for the namespace',
    {},
    { 'icr.io/service-account-profiles': 'Profile-2' },
    ['icr-pull-web'],
    undefined,
  ],
  [
    'that is the one of the namespace',
    {},
    { [annotation]: 'Profile-2' },
    ['icr-pull-web'],
    undefined,
  ],
  ['that is the usual one', { profile: 'Profile-2' }, {}, ['icr-pull-web'], undefined],
  [
    'that the namespace does not allow',
    {},
    { [annotation]: 'Profile-1', 'icr.io/service-account-profiles': 'Profile-22' },
    [],
    /does not allow Profile-2 for service account web\nhint: add the profile to/,
  ],
  [
    'with an API key',
    { usesApiKey: true },
    {},
    [],
    /trusted-profile-id is not used with an API key/,
  ],
];
for (const [what, options, annotations, expected, problem] of ownProfiles) {
  test(`a service account has its own profile ${what}`, async () => {
    const world = createWorld();
    const { api } = world;
    api.namespaces.set('shop', { labels: selected, annotations });
    api.serviceAccounts.set('shop/web', { version: 1, annotations: { [annotation]: 'Profile-2' } });
    await world.run({ serviceAccounts: ['web'], ...options });
    const used = api.serviceAccounts.get('shop/web')?.imagePullSecrets ?? [];
    assert.equal(
      used.map(({ name }) => name),
      expected,
    );
    assert.is(api.secrets.has('shop/icr-pull-web'), expected.length === 1);
    if (problem === undefined) assert.equal(world.warnings, []);
    else assert.match(world.warnings.join(), problem);
    assert.is(world.minted.includes('Profile-2'), expected.length === 1);
  });
}

for (const [usual, minted] of [
  ['Profile-1', 'Profile-1'],
  ['iam-Profile-1', 'Profile-1'],
  ['crn:v1:bluemix:public:iam-identity::a/1::profile:Profile-1', 'Profile-1'],
  ['Pulls of a team', 'Pulls of a team'],
] as const) {
  test(`uses the default profile for namespaces without annotation: ${usual}`, async () => {
    const world = createWorld({ a: undefined, b: 'Profile-2' });
    assert.is((await world.run({ profile: usual })).renewed, 2);
    assert.equal([...world.minted].sort(), [minted, 'Profile-2'].sort());
  });
}

test('does not mix an API key and trusted profiles', async () => {
  const world = createWorld({ a: undefined, b: 'Profile-2' });
  assert.equal(await world.run({ usesApiKey: true }), { renewed: 1, unchanged: 0, failed: 1 });
  assert.equal(world.minted, [undefined]);
  assert.match(world.warnings.join(), 'namespace b: icr.io/trusted-profile-id is not used');
});

test('a refusal of IAM fails only the namespaces with that profile', async () => {
  const world = createWorld({ a: 'Profile-1', b: 'Profile-2', c: 'Profile-1' });
  let asked = 0;
  world.iam = (profile) => {
    if (profile !== 'Profile-1') return;
    asked += 1;
    throw new HelperError('refused', 'IAM refused');
  };
  assert.equal(await world.run(), { renewed: 1, unchanged: 0, failed: 2 });
  assert.is(asked, 1);
});

test('IAM is not asked again in a run after it was unreachable', async () => {
  const names = Array.from({ length: 100 }, (_, index) => `ns-${index}`);
  const world = createWorld(Object.fromEntries(names.map((name) => [name, `Profile-${name}`])));
  let asked = 0;
  world.iam = () => {
    asked += 1;
    throw new HelperError('unreachable', 'cannot reach IAM');
  };
  assert.is((await world.run()).failed, 100);
  assert.ok(asked <= 8, `${asked}`);
});

test('a run that was killed at any request is completed by the next one', async () => {
  for (let requests = 1; requests <= 6; requests += 1) {
    const world = createWorld({ a: 'Profile-1', b: 'Profile-2' });
    world.api.addSecret('a', 'other');
    world.api.intercept = () => {
      if (world.api.requests.length > requests) throw new Error('killed');
      return undefined;
    };
    await world.run().catch((error) => assert.is(error.message, 'killed'));
    world.api.intercept = undefined;
    const { failed } = await world.run();
    assert.is(failed, 0);
    for (const name of ['a', 'b']) assert.ok(authsIn(world, name)['us.icr.io']);
    assert.is(world.api.secrets.get('a/other')?.data['.dockerconfigjson'], 'foreign');
  }
});

test('24 hours, 500 namespaces, outages of half an hour: no Secret expires', async () => {
  const names = Array.from({ length: 500 }, (_, index) => `ns-${index}`);
  const profiles = names.map((name, index) => [name, `Profile-${index % 50}`]);
  const world = createWorld(Object.fromEntries(profiles));
  const start = world.now;
  // An outage of 30 minutes begins every 65 minutes, so that it meets tokens of all ages.
  world.iam = () => {
    const time = world.now - start - 4 * minute;
    if (time > 0 && time % (65 * minute) < 30 * minute) {
      throw new HelperError('unreachable', 'cannot reach IAM');
    }
  };
  const earliest = () =>
    Math.min(
      ...[...world.api.secrets.values()].map(({ metadata }) =>
        Date.parse(metadata.annotations?.['icr.io/expires-at'] ?? ''),
      ),
    );
  for (; world.now < start + 24 * hour; world.now += 5 * minute) {
    if (world.now > start) assert.ok(earliest() > world.now, new Date(world.now).toISOString());
    await world.run();
  }
  assert.is(world.api.secrets.size, 500);
  // 50 profiles, each at most every 14 minutes, in 24 hours.
  assert.ok(world.minted.length < (50 * 24 * 60) / 14, `${world.minted.length}`);
});

test.run();
