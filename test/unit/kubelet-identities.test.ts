import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cacheFolder } from '../../src/config/folders.ts';
import type { IdentityKind } from '../../src/config/settings.ts';
import { writeToken } from '../../src/iam/cache-file.ts';
import { refreshTokenOf } from '../../src/iam/cached-token.ts';
import { lookupIn } from '../../src/identity/lookup.ts';
import { type NodeOptions, nodeAnswer } from '../../src/kubernetes/node-identity.ts';
import { type PodOptions, podToken } from '../../src/kubernetes/pod-identity.ts';
import { parseImage } from '../../src/kubernetes/provider-request.ts';
import { tokenDuration } from '../../src/kubernetes/provider-response.ts';
import { NoIdentity, parseServiceAccount } from '../../src/kubernetes/service-account.ts';
import { noon, type TestContext, testContext } from '../support/context.ts';
import { type Home, inHome, writeConfig } from '../support/home.ts';
import { type LoopbackIam, startLoopbackIam } from '../support/loopback-iam.ts';
import { fails, rejects } from '../support/rejects.ts';

const hour = 3600_000;
const minute = 60_000;
const seconds = noon / 1000;

function jwt(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part(claims)}.canary`;
}

interface Identity {
  readonly kind?: IdentityKind;
  readonly present?: string;
  readonly expiresAt?: number;
  readonly secret?: string;
}

/** Writes identities with their mappings, all mapped to the identity of the same name. */
function configure(
  home: Home,
  identities: Readonly<Record<string, Identity>>,
  mapped: Readonly<Record<string, string>>,
  more: object = {},
): TestContext {
  const settings: Record<string, object> = {};
  for (const [name, { secret = `canary-${name}`, ...identity }] of Object.entries(identities)) {
    settings[name] = { kind: 'api-key', since: 0, ...identity };
    const credential = { ServerURL: name, Username: 'u', Secret: secret };
    writeConfig(home, `identities/${name}.json`, JSON.stringify(credential));
  }
  const mappings = Object.fromEntries(
    Object.entries(mapped).map(([key, identity]) => [key, { identity }]),
  );
  writeConfig(home, 'config.json', JSON.stringify({ identities: settings, mappings, ...more }));
  return testContext({ env: home.env });
}

function answerTo(context: TestContext, text: string, options: NodeOptions = {}) {
  const image = parseImage(text);
  if (image === undefined) throw new Error(`${text} is not an image of IBM's registry`);
  return nodeAnswer(lookupIn(context), image, options);
}

const node = suite("the node's identity");
const image = 'us.icr.io/ns/image';

const scopes: readonly (readonly [
  mapped: Readonly<Record<string, string>>,
  image: string,
  identity: string,
  match: string,
  key: 'Image' | 'Registry',
])[] = [
  [{ '*': 'a' }, image, 'a', 'us.icr.io', 'Image'],
  [{ 'us.icr.io': 'a' }, image, 'a', 'us.icr.io', 'Image'],
  [{ 'us.icr.io/ns': 'a' }, image, 'a', 'us.icr.io/ns/', 'Image'],
  [{ '*': 'a', 'us.icr.io/ns': 'b' }, image, 'b', 'us.icr.io/ns/', 'Image'],
  [{ '*': 'a', 'us.icr.io/other': 'b' }, image, 'a', 'us.icr.io', 'Image'],
  [{ '*': 'a', 'de.icr.io/ns': 'b' }, image, 'a', 'us.icr.io', 'Image'],
  [{ '*': 'a', 'eu.us.icr.io/ns': 'b' }, image, 'a', 'us.icr.io', 'Image'],
  [{ 'us.icr.io/ns': 'a' }, 'us.icr.io:443/ns/i', 'a', 'us.icr.io:443/ns/', 'Image'],
];
for (const [mapped, asked, identity, match, key] of scopes) {
  node(`${JSON.stringify(mapped)} for ${asked}: ${match}, ${key}`, () =>
    inHome(async (home) => {
      const answer = await answerTo(configure(home, { a: {}, b: {} }, mapped), asked);
      const password = `canary-${identity}`;
      const durationMs = 5 * minute;
      assert.equal(answer, { username: 'iamapikey', password, durationMs, match, key });
    }),
  );
}

node('nothing without a credential, nor for an identity token', () =>
  inHome(async (home) => {
    const context = testContext({ env: home.env });
    assert.is(await answerTo(context, image), undefined);
    const credential = { ServerURL: 'us.icr.io', Username: '<token>', Secret: 'canary' };
    writeConfig(home, 'hosts/us.icr.io.json', JSON.stringify(credential));
    assert.is(await answerTo(context, image), undefined);
  }),
);

node('the host, if a credential other than the mapped identity wins', () =>
  inHome(async (home) => {
    const context = configure(home, { a: {} }, { 'us.icr.io/ns': 'a' });
    const env = { ...context.env, DOCKER_CREDENTIAL_ICR_API_KEY: 'canary-own' };
    const answer = await answerTo({ ...context, env }, image);
    assert.is(answer?.password, 'canary-own');
    assert.is(answer?.match, 'us.icr.io');
    assert.is(answer?.key, 'Registry');
  }),
);

node('the namespace, if the variable of this program is blank', () =>
  inHome(async (home) => {
    const context = configure(home, { a: {} }, { 'us.icr.io/ns': 'a' });
    const env = { ...context.env, DOCKER_CREDENTIAL_ICR_API_KEY: ' ' };
    const answer = await answerTo({ ...context, env }, image);
    assert.equal([answer?.match, answer?.key], ['us.icr.io/ns/', 'Image']);
  }),
);

node('a chosen identity wins over mappings, for the whole host', () =>
  inHome(async (home) => {
    const context = configure(home, { a: {}, b: {} }, { 'us.icr.io/ns': 'a' });
    const answer = await answerTo(context, image, { identity: 'b' });
    assert.equal(
      [answer?.password, answer?.match, answer?.key],
      ['canary-b', 'us.icr.io', 'Registry'],
    );
    const nobody = answerTo(context, image, { identity: 'nobody' });
    await rejects(nobody, 'misconfigured', /nobody/);
  }),
);

const acceptance: readonly (readonly [kind: IdentityKind, image: string, isUsed: boolean])[] = [
  ['api-key', 'cp.icr.io/cp/image', false],
  ['entitlement-key', 'cp.icr.io/cp/image', true],
  ['entitlement-key', image, false],
  ['api-key', image, true],
];
for (const [kind, asked, isUsed] of acceptance) {
  node(`${kind} is ${isUsed ? 'used' : 'not used'} for ${asked}`, () =>
    inHome(async (home) => {
      const context = configure(home, { a: { kind } }, { '*': 'a' });
      for (const options of [{}, { identity: 'a' }]) {
        const answer = await answerTo(context, asked, options);
        assert.is(answer?.password, isUsed ? 'canary-a' : undefined);
      }
    }),
  );
}

node('the access token of a machine is not requested for cp.icr.io', () =>
  inHome(async (home) => {
    const context = configure(home, {}, {});
    assert.is(await answerTo(context, 'cp.icr.io/cp/a', { nodeProfile: 'Profile-1' }), undefined);
  }),
);

node('a chosen user name: the same, a possible one, an impossible one', () =>
  inHome(async (home) => {
    const context = configure(home, { a: {} }, { '*': 'a' });
    const same = await answerTo(context, image, { present: 'iamapikey' });
    assert.is(same?.password, 'canary-a');
    await rejects(answerTo(context, image, { present: 'cp' }), 'misconfigured', /cp/);
    const chosen = answerTo(context, image, { identity: 'a', present: 'cp' });
    await rejects(chosen, 'misconfigured', /cp/);
  }),
);

node('a chosen user name without an identity is refused, and nothing stays nothing', () =>
  inHome(async (home) => {
    const context = testContext({ env: { ...home.env, IBMCLOUD_API_KEY: 'canary' } });
    for (const present of ['iambearer', 'cp']) {
      const answer = answerTo(context, image, { present });
      await rejects(answer, 'misconfigured', /IBMCLOUD_API_KEY/);
    }
    const none = testContext({ env: home.env });
    assert.is(await answerTo(none, image, { present: 'iambearer' }), undefined);
  }),
);

node('a profile of the node that is not an ID is refused', () =>
  inHome(async (home) => {
    const context = configure(home, { a: {} }, { '*': 'a' });
    const answer = answerTo(context, image, { nodeProfile: 'my profile' });
    await rejects(answer, 'invalid-input');
  }),
);

const token = (claims: object) => ({ kind: 'registry-token' as const, secret: jwt(claims) });
const durations: readonly (readonly [what: string, identity: Identity, durationMs: number])[] = [
  ['an API key', {}, 5 * minute],
  ['an API key that expires in 14 min', { expiresAt: noon + 14 * minute }, 5 * minute],
  ['an API key that expires in 4 min', { expiresAt: noon + 4 * minute }, 2 * minute],
  ['a refresh token', { kind: 'refresh-token' }, 0],
  ['a registry token', token({ iat: seconds, exp: seconds + 3600 }), hour / 2],
  ['a registry token without a start', token({ exp: seconds + 3600 }), hour / 2],
  ['a registry token without an end', token({ iat: seconds }), 0],
  [
    'a registry token issued in 5 min',
    token({ iat: seconds + 300, exp: seconds + 3600 }),
    hour / 2,
  ],
  ['a registry token issued in 6 min', token({ iat: seconds + 360, exp: seconds + 3600 }), 0],
  ['a registry token that is not a JWT', { kind: 'registry-token' }, 0],
  [
    'an old registry token, which is never renewed',
    token({ iat: seconds - 1800, exp: seconds + 1800 }),
    15 * minute,
  ],
];
for (const [what, identity, durationMs] of durations) {
  node(`${what} is kept for ${durationMs / minute} min`, () =>
    inHome(async (home) => {
      const context = configure(home, { a: identity }, { '*': 'a' });
      assert.is((await answerTo(context, image))?.durationMs, durationMs);
    }),
  );
}

/** Puts an access token into the cache, where the provider finds it without a request to IAM. */
function cacheToken(context: TestContext, name: string, claims: object, issuedAt: number): string {
  const token = jwt(claims);
  const key = { folder: cacheFolder(context), name, since: 0 };
  writeToken(context, key, { token, issuedAt, expiresAt: issuedAt + hour, since: 0 });
  return token;
}

const ages: readonly (readonly [claims: object, age: number])[] = [
  [{ iat: seconds, exp: seconds + 3600 }, 0],
  [{ iat: seconds - 1200, exp: seconds + 2400 }, 20 * minute],
  // Kept until it is due.
  [{ iat: seconds - 1800, exp: seconds + 1800 }, 30 * minute],
];
for (const [claims, age] of ages) {
  node(`an access token that is ${age / minute} min old is kept until it is due`, () =>
    inHome(async (home) => {
      const context = configure(home, { a: { present: 'iambearer' } }, { '*': 'a' });
      const password = cacheToken(context, 'a', claims, noon - age);
      const answer = await answerTo(context, image);
      const times = { token: password, issuedAt: noon - age, expiresAt: noon - age + hour };
      assert.equal([answer?.username, answer?.password], ['iambearer', password]);
      assert.is(answer?.durationMs, tokenDuration(times, noon));
    }),
  );
}

for (const iat of [undefined, '1', String(seconds - 1810)]) {
  node(`an access token with the start ${iat} is kept for half of what it has left`, () =>
    inHome(async (home) => {
      const context = configure(home, { a: { present: 'iambearer' } }, { '*': 'a' });
      cacheToken(context, 'a', { iat, exp: seconds + 1800 }, noon - 30 * minute);
      assert.is((await answerTo(context, image))?.durationMs, 15 * minute);
    }),
  );
}

node('a refresh token or an API key that looks like a JWT is not read as one', () =>
  inHome(async (home) => {
    const secret = jwt({ iat: seconds, exp: seconds + 60 });
    const context = configure(home, { a: { secret } }, { '*': 'a' });
    assert.is((await answerTo(context, image))?.durationMs, 5 * minute);
  }),
);

node('a chosen user name is that of the mapped identity', () =>
  inHome(async (home) => {
    const context = configure(home, { a: {} }, { '*': 'a' });
    const password = cacheToken(context, 'a', { exp: seconds + 3600 }, noon);
    const answer = await answerTo(context, image, { present: 'iambearer' });
    assert.equal([answer?.username, answer?.password], ['iambearer', password]);
  }),
);

node('a chosen user name may be that of a refresh token, which the kubelet does not keep', () =>
  inHome(async (home) => {
    const context = configure(home, { a: {} }, { '*': 'a' });
    const password = cacheToken(context, refreshTokenOf('a'), { exp: seconds + 3600 }, noon);
    const answer = await answerTo(context, image, { present: 'iamrefresh' });
    assert.equal(
      [answer?.username, answer?.password, answer?.durationMs],
      ['iamrefresh', password, 0],
    );
  }),
);

node('a profile of the node wins over mappings, for the whole host', () =>
  inHome(async (home) => {
    const context = configure(home, { a: {} }, { 'us.icr.io/ns': 'a' });
    const password = cacheToken(context, 'compute Profile-1', { exp: seconds + 3600 }, noon);
    const answer = await answerTo(context, image, { nodeProfile: 'Profile-1' });
    assert.equal([answer?.username, answer?.password], ['iambearer', password]);
    assert.equal([answer?.match, answer?.key], ['us.icr.io', 'Registry']);
  }),
);

node.run();

const accounts = suite("a service account's token");
const account = {
  sub: 'system:serviceaccount:shop:web',
  aud: ['iam'],
  exp: seconds + 3600,
  'kubernetes.io': { namespace: 'shop', serviceaccount: { name: 'web', uid: 'u-1' } },
};

const read: readonly (readonly [fields: object, uid: string])[] = [
  [{}, 'u-1'],
  [{ aud: 'iam' }, 'u-1'],
  [{ aud: ['other', 'iam'] }, 'u-1'],
  [{ exp: seconds + 1 }, 'u-1'],
  [{ 'kubernetes.io': undefined }, ''],
  [{ 'kubernetes.io': { serviceaccount: null } }, ''],
  [{ 'kubernetes.io': { serviceaccount: { uid: 7 } } }, ''],
];
for (const [fields, uid] of read) {
  accounts(`is read with ${JSON.stringify(fields)}`, () => {
    const text = jwt({ ...account, ...fields });
    assert.equal(parseServiceAccount(testContext(), text, 'iam'), { name: 'shop:web', uid });
  });
}

const refused: readonly (readonly [fields: object, problem: RegExp])[] = [
  [{ sub: undefined }, /not belong to a service account; check serviceAccountTokenAudience/],
  [{ sub: 7 }, /does not belong to a service account/],
  [{ sub: ['system:serviceaccount:shop:web'] }, /does not belong to a service account/],
  [{ sub: 'system:serviceaccount:shop' }, /does not belong to a service account/],
  [{ sub: 'x system:serviceaccount:shop:web' }, /does not belong to a service account/],
  [{ sub: 'system:serviceaccount:shop:web x' }, /does not belong to a service account/],
  [{ sub: 'system:serviceaccount:shop:web:x' }, /does not belong to a service account/],
  [{ aud: undefined }, /audience iam; set serviceAccountTokenAudience to it/],
  [{ aud: 'iam2' }, /audience iam/],
  [{ aud: [] }, /audience iam/],
  [{ exp: undefined }, /expired; check this node's clock/],
  [{ exp: String(seconds + 3600) }, /expired/],
  [{ exp: seconds }, /expired/],
];
for (const [fields, problem] of refused) {
  accounts(`is refused with ${JSON.stringify(fields)}`, () => {
    const text = jwt({ ...account, ...fields });
    const error = fails(() => parseServiceAccount(testContext(), text, 'iam'), 'refused', problem);
    assert.ok(error instanceof NoIdentity);
    assert.not.match(error.message, 'canary');
  });
}

accounts.run();

const pods = suite("a pod's identity");
const annotation = 'icr.io/trusted-profile-id';
let iam: LoopbackIam;
pods.before(async () => {
  iam = await startLoopbackIam();
});
pods.after(() => iam.close());
pods.before.each(() => {
  iam.forms.length = 0;
  iam.status = 200;
});

interface Pod {
  readonly token?: object | string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly options?: Partial<PodOptions>;
}

function tokenOf(context: TestContext, { token, annotations = {}, options = {} }: Pod) {
  const text = typeof token === 'object' ? jwt({ ...account, ...token }) : token;
  const request = {
    apiVersion: 'v1',
    image,
    ...(text === undefined ? {} : { serviceAccountToken: text }),
    serviceAccountAnnotations: annotations,
  };
  return podToken(context, request, { audience: 'iam', ...options }, iam.endpoint);
}

const withoutToken: readonly Pod[] = [
  {},
  { options: { serviceAccounts: true } },
  { options: { trustedProfile: 'Profile-1' } },
  { annotations: { [annotation]: 'Profile-1' } },
  { annotations: { other: 'x' } },
];
for (const pod of withoutToken) {
  pods(`a pod without a token is refused: ${JSON.stringify(pod)}`, () =>
    inHome(async ({ env }) => {
      const problem = /no service account token, .*; add tokenAttributes to the kubelet's/;
      await rejects(tokenOf(testContext({ env }), pod), 'refused', problem);
      const context = testContext({ env });
      const allowed = { ...pod, options: { ...pod.options, allowNodeIdentity: true } };
      assert.is(await tokenOf(context, allowed), undefined);
      assert.is(context.warnings.length, 1);
    }),
  );
}

pods('an account without a profile is refused, or left to the node if that is allowed', () =>
  inHome(async ({ env }) => {
    const context = testContext({ env });
    const problem = /shop:web has no annotation .*; annotate it with the ID/;
    await rejects(tokenOf(context, { token: {} }), 'refused', problem);
    assert.equal(context.warnings, []);
    const options = { allowNodeIdentity: true };
    assert.is(await tokenOf(context, { token: {}, options }), undefined);
    assert.is(context.warnings.length, 1);
    assert.is(iam.forms.length, 0);
  }),
);

pods('the annotation wins over the default profile, and IAM is asked for it', () =>
  inHome(async ({ env }) => {
    const options = { trustedProfile: 'Profile-default' };
    const annotations = { [annotation]: 'iam-Profile-own' };
    const token = await tokenOf(testContext({ env }), { token: {}, annotations, options });
    assert.is(token?.token, 'canary-1');
    assert.is(iam.forms[0]?.get('profile_id'), 'Profile-own');
    assert.is(iam.forms[0]?.get('cr_token'), jwt(account));
    await tokenOf(testContext({ env }), { token: {}, options });
    assert.is(iam.forms[1]?.get('profile_id'), 'Profile-default');
  }),
);

pods('a profile that is not an ID is refused, whatever the node may do', () =>
  inHome(async ({ env }) => {
    const annotations = { [annotation]: '../x' };
    const pod = { token: {}, annotations, options: { allowNodeIdentity: true } };
    await rejects(tokenOf(testContext({ env }), pod), 'refused', /shop:web/);
  }),
);

pods('what IAM refuses is not answered by the node', () =>
  inHome(async ({ env }) => {
    iam.status = 400;
    const context = testContext({ env });
    const options = { allowNodeIdentity: true, trustedProfile: 'Profile-1' };
    const problem = /service account shop:web as trusted profile Profile-1/;
    await rejects(tokenOf(context, { token: {}, options }), 'refused', problem);
    assert.equal(context.warnings, []);
  }),
);

pods('one token for account, uid and profile; never that of another', () =>
  inHome(async ({ env }) => {
    const ask = async (token: object, trustedProfile = 'Profile-1') =>
      (await tokenOf(testContext({ env }), { token, options: { trustedProfile } }))?.token;
    const withUid = (uid: string) => ({ 'kubernetes.io': { serviceaccount: { uid } } });
    assert.is(await ask({}), 'canary-1');
    assert.is(await ask({}), 'canary-1');
    assert.is(await ask({ sub: 'system:serviceaccount:shop:api' }), 'canary-2');
    assert.is(await ask(withUid('u-2')), 'canary-3');
    assert.is(await ask({}, 'Profile-2'), 'canary-4');
    assert.is(await ask({}), 'canary-1');
    // Without a uid, it might be another account of the same name.
    assert.is(await ask(withUid('')), 'canary-5');
    assert.is(await ask(withUid('')), 'canary-6');
  }),
);

pods('accounts with the longest names have a file each', () =>
  inHome(async ({ env, folder }) => {
    const sub = `system:serviceaccount:${'n'.repeat(63)}:${'a'.repeat(252)}`;
    const ask = async (last: string) => {
      const options = { trustedProfile: 'Profile-1' };
      return (await tokenOf(testContext({ env }), { token: { sub: sub + last }, options }))?.token;
    };
    assert.equal(
      [await ask('b'), await ask('c'), await ask('b')],
      ['canary-1', 'canary-2', 'canary-1'],
    );
    const names = fs.readdirSync(path.join(folder, '.cache/docker-credential-icr'));
    const tokens = names.filter((name) => name.endsWith('.json'));
    assert.is(tokens.length, 2);
    // The cache removes what has this form after a day.
    for (const name of tokens) assert.match(name, /^pod%20.*%20[0-9a-f]{32}\.json$/);
  }),
);

pods('another IAM in the environment wins, and has a token of its own', () =>
  inHome(async ({ env }) => {
    const options = { trustedProfile: 'Profile-1' };
    const other = { ...env, IBMCLOUD_IAM_API_ENDPOINT: iam.endpoint };
    const ask = async (given: typeof env) =>
      (await tokenOf(testContext({ env: given }), { token: {}, options }))?.token;
    assert.is(await ask(env), 'canary-1');
    assert.is(await ask(other), 'canary-1');
    const third = { ...env, IBMCLOUD_IAM_API_ENDPOINT: `${iam.endpoint}/` };
    assert.is.not(await ask(third), undefined);
    assert.is(iam.forms.length, 2);
  }),
);

pods('tokens and locks of accounts that did not pull for a day are removed, and nothing else', () =>
  inHome(async ({ env, folder }) => {
    const cache = path.join(folder, '.cache/docker-credential-icr');
    fs.mkdirSync(path.join(cache, 'pod%20shop%3Aold%200.lock'), { recursive: true, mode: 0o700 });
    const add = (name: string, hours: number) => {
      const file = path.join(cache, name);
      if (!fs.existsSync(file)) fs.writeFileSync(file, '{}');
      fs.utimesSync(file, seconds - hours * 3600, seconds - hours * 3600);
    };
    const old = ['pod%20shop%3Aold%200.json', 'pod%20shop%3Aold%200.lock'];
    for (const name of old) add(name, 25);
    const others = ['work.json', 'work.lock', 'xpod%20a.json', 'pod%20a.json.x'];
    for (const name of others) add(name, 25);
    add('pod%20shop%3Arecent%200.json', 23);
    const options = { trustedProfile: 'Profile-1' };
    await tokenOf(testContext({ env }), { token: {}, options });
    const names = fs.readdirSync(cache);
    for (const name of old) assert.not.ok(names.includes(name), name);
    for (const name of [...others, 'pod%20shop%3Arecent%200.json']) {
      assert.ok(names.includes(name), name);
    }
  }),
);

pods.run();
