import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { lookupIn } from '../../src/identity/lookup.ts';
import { type PullOptions, pullCredentials } from '../../src/kubernetes/pull-credentials.ts';
import { privateHosts, publicHosts } from '../../src/registry/regions.ts';
import { lookUp } from '../kubelet/keyring.ts';
import { noon, type TestContext, testContext } from '../support/context.ts';
import { type Home, inHome, writeConfig } from '../support/home.ts';
import { type LoopbackIam, startLoopbackIam } from '../support/loopback-iam.ts';
import { rejects } from '../support/rejects.ts';

const test = suite('the credentials of a pull secret');
const hour = 3600_000;
let iam: LoopbackIam;
test.before(async () => {
  iam = await startLoopbackIam();
});
test.after(() => iam.close());
test.before.each(() => {
  iam.forms.length = 0;
});

function setUp(
  home: Home,
  identities: Readonly<Record<string, object>>,
  mapped: Readonly<Record<string, string>> = {},
): TestContext {
  const settings: Record<string, object> = {};
  for (const [name, identity] of Object.entries(identities)) {
    settings[name] = { kind: 'api-key', since: 0, ...identity };
    const secret = { ServerURL: name, Username: 'u', Secret: `canary-${name}` };
    writeConfig(home, `identities/${name}.json`, JSON.stringify(secret));
  }
  const mappings = Object.fromEntries(
    Object.entries(mapped).map(([key, identity]) => [key, { identity }]),
  );
  const { endpoint: iamEndpoint } = iam;
  const text = JSON.stringify({ identities: settings, mappings, iamEndpoint });
  writeConfig(home, 'config.json', text);
  return testContext({ env: home.env });
}

async function matches(context: TestContext, options: PullOptions = {}): Promise<string[]> {
  const { credentials } = await pullCredentials(lookupIn(context), options);
  return credentials.map(({ match, password }) => `${match} ${password}`);
}

const everywhere = [...publicHosts, ...privateHosts];

const usual: readonly (readonly [
  mapped: Readonly<Record<string, string>>,
  options: PullOptions,
  expected: readonly string[],
])[] = [
  [{ '*': 'a' }, {}, everywhere.map((host) => `${host} canary-a`)],
  [{ 'us.icr.io': 'a', 'de.icr.io/ns': 'b' }, {}, ['us.icr.io canary-a', 'de.icr.io/ns/ canary-b']],
  [{ 'us.icr.io': 'a', 'de.icr.io': 'b' }, { identity: 'a' }, ['us.icr.io canary-a']],
  [{ 'us.icr.io': 'a' }, { identity: 'b' }, everywhere.map((host) => `${host} canary-b`)],
  [
    { '*': 'b', 'us.icr.io': 'b', 'de.icr.io/ns': 'b', 'fr.icr.io': 'a' },
    { identity: 'b' },
    [...everywhere, 'de.icr.io/ns/'].map((host) => `${host} canary-b`),
  ],
  [
    { '*': 'a' },
    { keys: ['us.icr.io/ns', 'us.icr.io'] },
    ['us.icr.io/ns/ canary-a', 'us.icr.io canary-a'],
  ],
  [{}, { identity: 'b', keys: ['us.icr.io'] }, ['us.icr.io canary-b']],
  [
    { '*': 'a' },
    { keys: ['us.icr.io:443', 'us.icr.io:443/ns'] },
    ['us.icr.io:443 canary-a', 'us.icr.io:443/ns/ canary-a'],
  ],
];
for (const [mapped, options, expected] of usual) {
  test(`${JSON.stringify(mapped)} with ${JSON.stringify(options)}`, () =>
    inHome(async (home) => {
      const context = setUp(home, { a: {}, b: {} }, mapped);
      assert.equal(await matches(context, options), expected);
    }));
}

test('user names are those of the identities, and nothing expires', () =>
  inHome(async (home) => {
    const context = setUp(home, { a: { kind: 'entitlement-key' } }, { 'cp.icr.io': 'a' });
    assert.equal(await pullCredentials(lookupIn(context), {}), {
      credentials: [{ match: 'cp.icr.io', username: 'cp', password: 'canary-a' }],
      expiresAt: undefined,
    });
  }));

/** With the kubelet's keyring: an entry is for the images of its host and namespace, and for no others. */
const entries: readonly (readonly [key: string, image: string, isUsed: boolean])[] = [
  ['us.icr.io', 'us.icr.io/team-a/image', true],
  ['us.icr.io', 'us.icr.io:443/team-a/image', false],
  ['us.icr.io', 'private.us.icr.io/team-a/image', false],
  ['us.icr.io:443', 'us.icr.io:443/team-a/image', true],
  ['us.icr.io:443', 'us.icr.io/team-a/image', false],
  ['us.icr.io/team-a', 'us.icr.io/team-a/image', true],
  ['us.icr.io/team-a', 'us.icr.io/team-a/deep/image', true],
  ['us.icr.io/team-a', 'us.icr.io/team-ab/image', false],
  ['us.icr.io/team-a', 'us.icr.io/team/image', false],
  ['us.icr.io:443/team-a', 'us.icr.io:443/team-a/image', true],
  ['us.icr.io:443/team-a', 'us.icr.io:443/team-ab/image', false],
];
for (const [key, image, isUsed] of entries) {
  test(`an entry for ${key} is ${isUsed ? 'used' : 'not used'} for ${image}`, () =>
    inHome(async (home) => {
      const lookup = lookupIn(setUp(home, { a: {} }, { '*': 'a' }));
      const { credentials } = await pullCredentials(lookup, { keys: [key] });
      const auths = Object.fromEntries(credentials.map(({ match, ...auth }) => [match, auth]));
      assert.is(lookUp(auths, image).length, isUsed ? 1 : 0);
    }));
}

test('an API key is not a credential for cp.icr.io, nor an entitlement key for other hosts', () =>
  inHome(async (home) => {
    const context = setUp(home, { a: {}, b: { kind: 'entitlement-key' } }, { '*': 'a' });
    const lookup = lookupIn(context);
    for (const [identity, key] of [
      ['a', 'cp.icr.io'],
      ['a', 'cp.icr.io/cp'],
      ['b', 'us.icr.io'],
    ] as const) {
      await rejects(pullCredentials(lookup, { identity, keys: [key] }), 'not-found');
    }
    await rejects(pullCredentials(lookup, { identity: 'b' }), 'not-found');
    const keys = ['cp.icr.io'];
    assert.equal(await matches(context, { identity: 'b', keys }), ['cp.icr.io canary-b']);
  }));

test('without any credential it is not found', () =>
  inHome(async ({ env }) => {
    const lookup = lookupIn(testContext({ env }));
    await rejects(pullCredentials(lookup, {}), 'not-found', /icr\.io/);
    const keys = ['us.icr.io'];
    await rejects(pullCredentials(lookup, { keys }), 'not-found', /us\.icr\.io/);
  }));

for (const key of ['quay.example', 'not a host', 'us.icr.io.example']) {
  test(`${key} is not found, whatever is stored or mapped`, () =>
    inHome(async (home) => {
      const context = setUp(home, { a: {} }, { '*': 'a' });
      const credential = { ServerURL: key, Username: 'me', Secret: 'canary' };
      writeConfig(home, `hosts/${encodeURIComponent(key)}.json`, JSON.stringify(credential));
      await rejects(pullCredentials(lookupIn(context), { keys: [key] }), 'not-found');
      const chosen = pullCredentials(lookupIn(context), { keys: [key], identity: 'a' });
      await rejects(chosen, 'not-found');
    }));
}

for (const [key, login] of [
  ['us.icr.io', 'login us.icr.io'],
  ['us.icr.io/ns', 'login us.icr.io/ns'],
  ['cp.icr.io', 'login --entitlement-key-stdin'],
  ['cp.icr.io:443', 'login --entitlement-key-stdin'],
  ['cp.icr.io/cp', 'login --entitlement-key-stdin'],
] as const) {
  test(`${key} without a credential: the hint is to run ${login}`, () =>
    inHome(async ({ env }) => {
      const lookup = lookupIn(testContext({ env }));
      const missing = pullCredentials(lookup, { keys: [key] });
      const { hint } = await rejects(missing, 'not-found');
      assert.is(hint, `run docker-credential-icr ${login}`);
    }));
}

test("docker's identity token is not a credential for a cluster", () =>
  inHome(async (home) => {
    const credential = { ServerURL: 'us.icr.io', Username: '<token>', Secret: 'canary' };
    writeConfig(home, 'hosts/us.icr.io.json', JSON.stringify(credential));
    const lookup = lookupIn(testContext({ env: home.env }));
    for (const options of [{}, { bearer: true }]) {
      await rejects(pullCredentials(lookup, options), 'not-found');
    }
  }));

test('the first credential to expire is the end of the secret', () =>
  inHome(async (home) => {
    const ends = { a: { expiresAt: noon + 2 * hour }, b: { expiresAt: noon + hour }, c: {} };
    const context = setUp(home, ends, { 'us.icr.io': 'a', 'de.icr.io': 'b', 'uk.icr.io': 'c' });
    assert.is((await pullCredentials(lookupIn(context), {})).expiresAt, noon + hour);
  }));

function jwt(claims: object): string {
  return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.canary`;
}

const ofTokens: readonly (readonly [claims: object, expiresAt: number | undefined])[] = [
  [{ exp: noon / 1000 + 60 }, noon + 60_000],
  [{ exp: 'later' }, noon + hour],
  [{}, noon + hour],
];
for (const [claims, expiresAt] of ofTokens) {
  test(`a registry token with ${JSON.stringify(claims)} expires as it says itself, if it does`, () =>
    inHome(async (home) => {
      const identity = { kind: 'registry-token', expiresAt: noon + hour };
      const context = setUp(home, { a: identity }, { 'us.icr.io': 'a' });
      const credential = { ServerURL: 'a', Username: 'u', Secret: jwt(claims) };
      writeConfig(home, 'identities/a.json', JSON.stringify(credential));
      assert.is((await pullCredentials(lookupIn(context), {})).expiresAt, expiresAt);
    }));
}

function writeLogin(home: Home, host: string, Username: string, Secret: string): void {
  const credential = { ServerURL: host, Username, Secret };
  writeConfig(home, `hosts/${host}.json`, JSON.stringify(credential));
}

test('each host has the secret that docker login stored for it', () =>
  inHome(async (home) => {
    for (const host of ['us.icr.io', 'de.icr.io']) {
      writeLogin(home, host, 'iamapikey', `canary-${host}`);
    }
    const context = testContext({ env: home.env });
    const keys = ['us.icr.io', 'de.icr.io'];
    const expected = ['us.icr.io canary-us.icr.io', 'de.icr.io canary-de.icr.io'];
    assert.equal(await matches(context, { keys }), expected);
  }));

for (const [username, expiresAt] of [
  ['iambearer', noon + 60_000],
  ['iamapikey', undefined],
] as const) {
  test(`a stored ${username} with an end is ${expiresAt ? '' : 'not '}read as a token`, () =>
    inHome(async (home) => {
      writeLogin(home, 'us.icr.io', username, jwt({ exp: noon / 1000 + 60 }));
      const lookup = lookupIn(testContext({ env: home.env }));
      assert.is((await pullCredentials(lookup, { keys: ['us.icr.io'] })).expiresAt, expiresAt);
    }));
}

test('an access token is a new one, requested once for all hosts of an identity', () =>
  inHome(async (home) => {
    const context = setUp(home, { a: {}, b: {} }, { '*': 'a', 'us.icr.io': 'b' });
    const first = await pullCredentials(lookupIn(context), { bearer: true });
    assert.is(iam.forms.length, 2);
    for (const { match, username, password } of first.credentials) {
      assert.is(username, 'iambearer');
      assert.is(password, match === 'us.icr.io' ? 'canary-2' : 'canary-1', match);
    }
    await pullCredentials(lookupIn(context), { bearer: true, keys: ['de.icr.io'] });
    assert.is(iam.forms.length, 3);
    const chosen = { bearer: true, identity: 'a', keys: ['de.icr.io'] };
    const { credentials } = await pullCredentials(lookupIn(context), chosen);
    assert.equal(credentials, [
      { match: 'de.icr.io', username: 'iambearer', password: 'canary-4' },
    ]);
  }));

test('what cannot get an access token is refused', () =>
  inHome(async (home) => {
    const identities = { old: { kind: 'registry-token' } };
    const context = setUp(home, identities, { 'us.icr.io': 'old' });
    const options = { bearer: true, keys: ['us.icr.io'] };
    await rejects(
      pullCredentials(lookupIn(context), options),
      'misconfigured',
      /us\.icr\.io.* old/,
    );
    const env = { ...home.env, IBMCLOUD_API_KEY: 'canary' };
    const ambient = pullCredentials(lookupIn(testContext({ env })), {
      bearer: true,
      keys: ['de.icr.io'],
    });
    await rejects(ambient, 'misconfigured', /IBMCLOUD_API_KEY/);
  }));

test.run();
