import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ConfigOptions } from '../../src/kubernetes/config-options.ts';
import { providerConfig } from '../../src/kubernetes/provider-config.ts';
import { textOf } from '../../src/kubernetes/yaml.ts';
import { privateHosts, publicHosts } from '../../src/registry/regions.ts';
import { readProviderConfig } from '../kubelet/config.ts';
import { matches } from '../kubelet/match.ts';
import { fails } from '../support/rejects.ts';

const configs = suite('kubelet configuration');

/** Parses the text like the kubelet, which refuses unknown fields. */
function provider(options: Partial<ConfigOptions> = {}) {
  const [first] = readProviderConfig(
    textOf(providerConfig({ audience: 'iam', ...options })),
  ).providers;
  if (first === undefined) throw new Error('the provider is missing');
  return first;
}

configs('lists all public and private IBM hosts', () => {
  const { matchImages, name } = provider();
  assert.is(name, 'docker-credential-icr');
  for (const host of [...publicHosts, ...privateHosts]) assert.ok(matchImages.includes(host), host);
  const younger = ['new.icr.io', 'private.new.icr.io', 'cp.icr.io', 'registry.ng.bluemix.net'];
  younger.push(...['icr.io', 'us.icr.io', 'private.us.icr.io'].map((host) => `${host}:443`));
  for (const host of [...publicHosts, ...privateHosts, ...younger]) {
    assert.ok(
      matchImages.some((pattern) => matches(pattern, `${host}/ns/image`)),
      host,
    );
  }
  for (const host of [
    'docker.io',
    'quay.io',
    'icr.io.example',
    'a.b.c.icr.io',
    'us.icr.io:80',
    'evil.example',
  ]) {
    assert.not.ok(
      matchImages.some((pattern) => matches(pattern, `${host}/ns/image`)),
      host,
    );
  }
});

configs('sets the executable’s directories, because the kubelet has no home directory', () => {
  assert.equal(provider().env, [
    { name: 'DOCKER_CREDENTIAL_ICR_CONFIG_DIR', value: '/etc/docker-credential-icr' },
    { name: 'DOCKER_CREDENTIAL_ICR_CACHE_DIR', value: '/run/docker-credential-icr' },
  ]);
  const { env = [] } = provider({
    iamEndpoint: 'https://private.iam.cloud.ibm.com',
    apiKeyFile: '/k',
  });
  assert.equal(env.slice(2), [
    { name: 'IBMCLOUD_IAM_API_ENDPOINT', value: 'https://private.iam.cloud.ibm.com' },
    { name: 'DOCKER_CREDENTIAL_ICR_API_KEY', value: '@/k' },
  ]);
});

const args: readonly (readonly [Partial<ConfigOptions>, string])[] = [
  [{}, 'kubelet'],
  [{ present: 'iambearer' }, 'kubelet --present=iambearer'],
  [{ identity: 'ci', present: 'iambearer' }, 'kubelet --identity=ci --present=iambearer'],
  [{ nodeProfile: 'Profile-1' }, 'kubelet --node-profile=Profile-1'],
  [{ serviceAccounts: true }, 'kubelet --service-accounts --audience=iam'],
  [
    { serviceAccounts: true, trustedProfile: 'Profile-1', allowNodeIdentity: true, audience: 'x' },
    'kubelet --service-accounts --allow-node-identity --trusted-profile=Profile-1 --audience=x',
  ],
];
configs('passes the arguments to the plugin', () => {
  for (const [options, line] of args) assert.is(provider(options).args?.join(' '), line);
});

const attributes = { serviceAccountTokenAudience: 'iam', cacheType: 'ServiceAccount' };
const annotation = ['icr.io/trusted-profile-id'];
const tokens: readonly (readonly [Partial<ConfigOptions>, object | undefined])[] = [
  [{}, undefined],
  [
    { serviceAccounts: true },
    {
      ...attributes,
      requireServiceAccount: true,
      optionalServiceAccountAnnotationKeys: annotation,
    },
  ],
  [
    { serviceAccounts: true, requireAnnotation: true },
    {
      ...attributes,
      requireServiceAccount: true,
      requiredServiceAccountAnnotationKeys: annotation,
    },
  ],
  [
    { serviceAccounts: true, allowNodeIdentity: true, audience: 'other' },
    {
      ...attributes,
      serviceAccountTokenAudience: 'other',
      requireServiceAccount: false,
      optionalServiceAccountAnnotationKeys: annotation,
    },
  ],
];
configs('requests service account tokens only if requested', () => {
  for (const [options, expected] of tokens)
    assert.equal(provider(options).tokenAttributes, expected);
});

const pods = { serviceAccounts: true };
const contradictions: readonly (readonly [Partial<ConfigOptions>, RegExp])[] = [
  [{ trustedProfile: 'Profile-1' }, /^--trusted-profile requires --service-accounts/],
  [{ requireAnnotation: true }, /^--require-annotation requires --service-accounts/],
  [{ allowNodeIdentity: true }, /^--allow-node-identity requires --service-accounts/],
  [{ audience: 'other' }, /^--audience requires --service-accounts/],
  [{ identity: 'a', nodeProfile: 'Profile-1' }, /^--identity and --node-profile cannot be used/],
  [{ nodeProfile: 'my-profile' }, /expected Profile-/],
  [{ nodeProfile: '' }, /expected Profile-/],
  [{ ...pods, trustedProfile: 'Profile-' }, /expected Profile-/],
  [{ ...pods, requireAnnotation: true, allowNodeIdentity: true }, /cannot be used together/],
  [{ ...pods, requireAnnotation: true, trustedProfile: 'Profile-1' }, /cannot be used together/],
  [{ ...pods, identity: 'a' }, /^--identity is for the identity of the node/],
  [{ ...pods, nodeProfile: 'Profile-1' }, /^--node-profile is for the identity of the node/],
  [{ ...pods, present: 'iambearer' }, /^--present is for the identity of the node/],
  [{ ...pods, apiKeyFile: '/k' }, /^--api-key-secret is for the identity of the node/],
  [{ apiKeyFile: '/k', present: 'iambearer' }, /cannot be presented as iambearer/],
  [{ apiKeyFile: '/k', present: 'cp' }, /cannot be presented as cp/],
  [{ apiKeyFile: '/k', identity: 'a' }, /^--identity and --api-key-secret cannot be used/],
  [{ apiKeyFile: '/k', nodeProfile: 'Profile-1' }, /^--node-profile and --api-key-secret cannot/],
  [{ nodeProfile: 'Profile-1', present: 'iamapikey' }, /cannot be presented as iamapikey/],
  [{ present: 'nonsense' }, /^invalid --present/],
  [{ present: '' }, /^invalid --present/],
  [{ present: '<token>' }, /^invalid --present/],
  [{ identity: '' }, /^invalid identity name/],
  [{ identity: 'a b' }, /^invalid identity name/],
  [{ ...pods, audience: '' }, /^invalid --audience/],
  [{ ...pods, audience: '*' }, /^invalid --audience/],
  [{ ...pods, audience: 'a b' }, /^invalid --audience/],
];
for (const [options, problem] of contradictions) {
  configs(`refuses ${JSON.stringify(options)}`, () => {
    fails(() => providerConfig({ audience: 'iam', ...options }), 'invalid-input', problem);
  });
}

const accepted: readonly Partial<ConfigOptions>[] = [
  { identity: 'team/a', present: 'Profile-1' },
  { nodeProfile: 'Profile-1', present: 'iambearer' },
  { ...pods, trustedProfile: 'my profile' },
  { nodeProfile: 'crn:v1:bluemix:public:iam-identity::a/1::profile:Profile-1' },
  { apiKeyFile: '/k', present: 'iamapikey' },
  { ...pods, allowNodeIdentity: true, nodeProfile: 'Profile-2', trustedProfile: 'Profile-1' },
  { ...pods, allowNodeIdentity: true, apiKeyFile: '/k' },
  { ...pods, audience: 'https://iam.example' },
];
for (const options of accepted) {
  configs(`accepts ${JSON.stringify(options)}`, () => void provider(options));
}

configs.run();
