import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createApiServer, createPod } from '../kubelet/api-server.ts';
import type { Provider, TokenAttributes } from '../kubelet/config.ts';
import { PluginError, type PluginRequest } from '../kubelet/exec-plugin.ts';
import { parseGoDuration } from '../kubelet/go-duration.ts';
import { lookUp } from '../kubelet/keyring.ts';
import { createKubelet } from '../kubelet/kubelet.ts';
import { matches } from '../kubelet/match.ts';
import { decodeResponse, type Response } from '../kubelet/response.ts';

const simulator = suite('kubelet simulator');

// Examples from keyring_test.go and the Kubernetes documentation.
const patterns: readonly (readonly [pattern: string, image: string, expected: boolean])[] = [
  ['*.kubernetes.io', 'prefix.kubernetes.io/a', true],
  ['*.kubernetes.io', 'kubernetes.io/a', false],
  ['*.io', 'us.icr.io/a', false],
  ['us.icr.io', 'us.icr.io/ns/a', true],
  ['us.icr.io', 'us.icr.io:443/ns/a', false],
  ['us.icr.io:443', 'us.icr.io:443/ns/a', true],
  ['us.icr.io/team', 'us.icr.io/team-b/a', true],
  ['us.icr.io/team', 'us.icr.io/other/a', false],
  ['us.icr.io/team/', 'us.icr.io/team-b/a', false],
  ['us.icr.io/team/', 'us.icr.io/team/a/b', true],
  ['us.icr.io', 'US.icr.io/ns/a', false],
  ['app*.k8s.io', 'apple.k8s.io', true],
  ['us.icr.io', 'evil@us.icr.io/a', true],
  ['us.icr.io', 'us.icr.io@evil/a', false],
];
for (const [pattern, image, expected] of patterns) {
  simulator(`${pattern} and ${image}`, () => assert.is(matches(pattern, image), expected));
}

const durations = [
  ['0s', 0],
  ['0', 0],
  ['1h30m', 5_400_000],
  ['21600s', 21_600_000],
  ['1.5s', 1500],
  ['-1s', -1000],
  ['10', undefined],
  ['', undefined],
  ['1d', undefined],
  ['1 s', undefined],
] as const;
simulator('parses durations like Go', () => {
  for (const [text, expected] of durations) assert.is(parseGoDuration(text), expected, text);
});

simulator('uses the longest matching key first', () => {
  const auth = (username: string) => ({ username, password: 'canary' });
  const config = { 'us.icr.io': auth('host'), 'us.icr.io/ns': auth('ns'), 'quay.io': auth('q') };
  const names = lookUp(config, 'us.icr.io/ns/a').map(({ username }) => username);
  assert.equal(names, ['ns', 'host']);
});

const v1 = 'credentialprovider.kubelet.k8s.io/v1';
const head = `"apiVersion":"${v1}","kind":"CredentialProviderResponse"`;
const bad = [
  '',
  'null',
  `{${head},"cacheKeyType":"Image","auth":{}} x`,
  `{${head},"cacheKeyType":"Image","cacheKeyType":"Global"}`,
  `{${head},"cacheKeyType":"Image","message":"no"}`,
  `{${head},"cacheKeyType":"Image","CacheDuration":"1s"}`,
  `{${head},"cacheKeyType":"Image","cacheDuration":5}`,
  `{${head},"cacheKeyType":"Image","cacheDuration":"5 s"}`,
  `{${head},"auth":{"us.icr.io":{"username":"a","password":"b","email":"c"}}}`,
  `{${head},"auth":[]}`,
  `{"apiVersion":"${v1}beta1","kind":"CredentialProviderResponse"}`,
  `{"apiVersion":"${v1}","kind":"CredentialProviderRequest"}`,
];
simulator('rejects invalid responses', () => {
  for (const text of bad) assert.throws(() => decodeResponse(text, v1), undefined, text);
  const text = `{${head},"cacheKeyType":"Image","cacheDuration":"5s","auth":null}`;
  assert.equal(decodeResponse(text, v1), { cacheKeyType: 'Image', cacheDuration: 5000, auth: {} });
});

const tokens: TokenAttributes = {
  serviceAccountTokenAudience: 'iam',
  cacheType: 'ServiceAccount',
  requireServiceAccount: true,
  optionalServiceAccountAnnotationKeys: ['a/b'],
};

/** A kubelet whose plugin counts its calls and returns the given responses. */
function setUp(answer: Partial<Response>, tokenAttributes?: TokenAttributes) {
  let now = 0;
  const requests: PluginRequest[] = [];
  const provider: Provider = {
    name: 'x',
    matchImages: ['us.icr.io'],
    defaultCacheDuration: '1m',
    apiVersion: v1,
    ...(tokenAttributes && { tokenAttributes }),
  };
  const apiServer = createApiServer(() => now);
  const kubelet = createKubelet({
    provider,
    apiServer,
    clock: () => now,
    exec: async (request) => {
      requests.push(request);
      if (answer.cacheKeyType === 'fails') throw new PluginError('no');
      const auth = { 'us.icr.io': { username: 'u', password: `canary-${requests.length}` } };
      return { cacheKeyType: 'Registry', cacheDuration: undefined, auth, ...answer };
    },
  });
  return { kubelet, requests, apiServer, pass: (ms: number) => (now += ms) };
}

const kept: readonly (readonly [Partial<Response>, images: readonly string[], calls: number])[] = [
  [{ cacheKeyType: 'Registry' }, ['us.icr.io/a', 'us.icr.io/b', 'us.icr.io/a'], 1],
  [{ cacheKeyType: 'Image' }, ['us.icr.io/a', 'us.icr.io/b', 'us.icr.io/a'], 2],
  [{ cacheKeyType: 'Global' }, ['us.icr.io/a', 'us.icr.io/b'], 1],
  [{ cacheKeyType: 'Other' }, ['us.icr.io/a', 'us.icr.io/a'], 2],
  [{ cacheDuration: 0 }, ['us.icr.io/a', 'us.icr.io/a'], 2],
  [{ cacheKeyType: 'fails' }, ['us.icr.io/a', 'us.icr.io/a'], 2],
  [{}, ['quay.io/a', 'docker.io/library/b'], 0],
];
for (const [answer, images, calls] of kept) {
  simulator(`caches ${JSON.stringify(answer)} for the images of its cache key type`, async () => {
    const { kubelet, requests } = setUp(answer);
    for (const image of images) await kubelet.credentials(image);
    assert.is(requests.length, calls);
  });
}

simulator('caches a response for its duration or the default', async () => {
  for (const cacheDuration of [undefined, 60_000]) {
    const { kubelet, requests, pass } = setUp({ cacheDuration });
    await kubelet.credentials('us.icr.io/a');
    pass(60_000);
    await kubelet.credentials('us.icr.io/a');
    assert.is(requests.length, 1);
    pass(1);
    await kubelet.credentials('us.icr.io/a');
    assert.is(requests.length, 2);
  }
});

simulator('combines concurrent calls for the same image', async () => {
  const { kubelet, requests } = setUp({});
  await Promise.all(['a', 'a', 'b'].map((name) => kubelet.credentials(`us.icr.io/${name}`)));
  assert.is(requests.length, 2);
});

simulator('separates service accounts, including accounts with the same name', async () => {
  const { kubelet, requests, apiServer } = setUp({}, tokens);
  const one = createPod(apiServer.addServiceAccount('ns', 'one', { 'a/b': 'p', c: 'd' }));
  const two = createPod(apiServer.addServiceAccount('ns', 'two'));
  for (const pod of [one, two, one, two]) await kubelet.credentials('us.icr.io/a', pod);
  assert.is(requests.length, 2);
  assert.equal(requests[0]?.serviceAccountAnnotations, { 'a/b': 'p' });
  const again = createPod(apiServer.addServiceAccount('ns', 'one', { 'a/b': 'p' }));
  await kubelet.credentials('us.icr.io/a', again);
  assert.is(requests.length, 3);
  assert.equal(await kubelet.credentials('us.icr.io/a', { ...one, serviceAccountName: '' }), []);
  assert.equal(await kubelet.credentials('us.icr.io/a', { ...one, serviceAccountName: 'x' }), []);
  assert.is(requests.length, 3);
});

simulator.run();
