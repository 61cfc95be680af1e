import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import type { Restrictions } from '../sandbox/restrictions.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { sandboxSuite } from '../sandbox/suite.ts';
import { type ConnectProxy, startProxy } from '../support/connect-proxy.ts';
import { type Outcome, startHelper } from '../support/helper.ts';
import { type Home, inHome, writeConfig, writeIdentity } from '../support/home.ts';

const apiKey = 'canary-key-that-explain-tries-1234567890abcd';
const defaultAccount = '0a1b2c3d4e5f60718293a4b5c6d7e8f9';
const otherAccount = 'ffffffffffffffffffffffffffffffff';

interface World {
  readonly home: Home;
  readonly sandbox: Sandbox;
  /** The IAM ID of the service ID whose API key is the default identity. */
  readonly iamId: string;
}
interface Answer {
  readonly ok: boolean;
  readonly steps: readonly {
    readonly name: string;
    readonly state: string;
    readonly message: string;
    readonly hint?: string;
  }[];
}

const test = sandboxSuite('explain');
let proxy: ConnectProxy;
test.before(async ({ sandbox }) => {
  proxy = await startProxy(Number(new URL(sandbox.registryUrl).port));
});
test.after(() => proxy.close());

/** A machine whose default identity is a service ID that only policies give access. */
function inWorld(sandbox: Sandbox, use: (world: World) => Promise<void>): Promise<void> {
  return inHome(async (home) => {
    const { accounts } = sandbox;
    const { iamId } = accounts.addServiceId({ name: 'ci', ruledByPolicies: true });
    accounts.addApiKey({ value: apiKey, owner: iamId });
    accounts.addNamespace({ name: 'demo', accountId: account(sandbox, iamId), public: false });
    writeIdentity(home, apiKey);
    writeDocker(home, { credHelpers: { 'us.icr.io': 'icr' } });
    try {
      await use({ home, sandbox, iamId });
    } finally {
      accounts.removeApiKey({ key: apiKey });
      accounts.setRestrictions({});
      accounts.removeNamespace({ name: 'demo' });
      sandbox.faults.clear('iam');
    }
  });
}

function account({ accounts }: Sandbox, iamId: string): string {
  return accounts.subject(iamId)?.accountId ?? '';
}

function writeDocker({ folder }: Home, config: object): void {
  fs.mkdirSync(path.join(folder, '.docker'), { recursive: true });
  fs.writeFileSync(path.join(folder, '.docker/config.json'), JSON.stringify(config));
}

async function run(
  { home, sandbox }: Pick<World, 'home' | 'sandbox'>,
  ...words: readonly string[]
): Promise<Outcome> {
  const env = {
    // No client is installed here.
    PATH: path.join(home.folder, 'bin'),
    HTTPS_PROXY: proxy.url,
    SSL_CERT_FILE: sandbox.caFile,
    // Otherwise each process parses the system's certificates.
    SSL_CERT_DIR: '/nonexistent',
  };
  const outcome = await startHelper(home, ['explain', ...words], '', { env }).outcome;
  assert.not.match(outcome.stdout + outcome.stderr, /canary/);
  return outcome;
}

async function answerOf(world: World, image: string, push = false) {
  const { status, stdout, stderr } = await run(world, image, '--json', ...(push ? ['--push'] : []));
  assert.is(stderr, '');
  const answer: Answer = JSON.parse(stdout);
  assert.is(status, answer.ok ? 0 : 1);
  return answer;
}

const shown = ({ steps }: Answer) =>
  steps
    .map(({ name, state, message, hint }) => `${state} ${name}: ${message} | ${hint}`)
    .join('\n');

type Policy = {
  role: 'Reader' | 'Writer' | 'Manager';
  region?: string;
  namespace?: string;
  shown?: Readonly<Record<string, unknown>>;
};
interface Row {
  readonly policies?: readonly Policy[];
  readonly restrictions?: Restrictions;
  readonly image?: string;
  readonly push?: true;
  readonly prepare?: (world: World) => void;
  readonly ok: boolean;
  /** A regular expression for `STATE NAME: MESSAGE | HINT` of each expected step. */
  readonly says: readonly RegExp[];
}

const reader: readonly Policy[] = [{ role: 'Reader' }];
const writer: readonly Policy[] = [{ role: 'Writer', region: 'us-south', namespace: 'demo' }];
const image = 'us.icr.io/demo/hello:1';

/** A policy that IAM shows with these attributes, and that allows nothing. */
function shownWith(attributes: readonly object[], more: object = {}): Policy {
  const registry = { name: 'serviceName', value: 'container-registry' };
  return {
    role: 'Reader',
    shown: { resources: [{ attributes: [registry, ...attributes] }], ...more },
  };
}

const ofNamespace = (name: string, operator?: string) => [
  { name: 'resourceType', value: 'namespace' },
  { name: 'resource', value: name, operator },
];
const ruled = {
  rule: { key: '{{resource.attributes.path}}', operator: 'stringMatch', value: 'a' },
};

/** A policy that applies only between two times. */
function inTime(from: string, until: string): object {
  const key = '{{environment.attributes.current_date_time}}';
  const conditions = [
    { key, operator: 'dateTimeGreaterThanOrEquals', value: from },
    { key, operator: 'dateTimeLessThanOrEquals', value: until },
  ];
  return { rule: { operator: 'and', conditions }, pattern: 'time-based-conditions:once' };
}

const writerRole = [{ role_id: 'crn:v1:bluemix:public:container-registry::::serviceRole:Writer' }];
const customCrn = 'crn:v1:bluemix:public:iam-access-management::a';

/** Each simulated account has custom roles with its ID in the name. */
function customRoleOf(name: string): object[] {
  return [{ role_id: `${customCrn}/${defaultAccount}::customRole:${name}` }];
}

function addCustomRole({ sandbox, iamId }: World, name: string, action: string): void {
  const accountId = account(sandbox, iamId);
  sandbox.accounts.addCustomRole({ name, accountId, actions: [action] });
}

/** Adds the namespace again, in a resource group. */
function addDemo({ sandbox, iamId }: World, resourceGroup: string): void {
  const accountId = account(sandbox, iamId);
  sandbox.accounts.addNamespace({ name: 'demo', accountId, public: false, resourceGroup });
}

/** A policy in the form of version 2. */
function version2(attributes: readonly object[], role = 'Reader'): Policy {
  const roles = [{ role_id: `crn:v1:bluemix:public:iam::::serviceRole:${role}` }];
  const service = { key: 'serviceName', operator: 'stringEquals', value: 'container-registry' };
  const resource = { attributes: [service, ...attributes] };
  return { role: 'Reader', shown: { control: { grant: { roles } }, resource } };
}

/** Policies that allow a pull of `demo` for certain, so that the hint for the refusal names the restrictions. */
const certain: Readonly<Record<string, readonly [policy: Policy, says: RegExp]>> = {
  'version 2': [
    version2([]),
    /^ok policies: Reader on namespace d\*, Reader on all namespaces applies to demo/m,
  ],
  'one of several namespaces': [
    version2([{ key: 'resource', operator: 'stringEqualsAnyOf', value: ['x', 'demo'] }]),
    /^ok policies: Reader on namespace d\*, Reader on namespace x or demo applies/m,
  ],
  'patterns of namespaces': [
    version2([{ key: 'resource', operator: 'stringMatchAnyOf', value: ['x*', 'd?mo'] }], 'Manager'),
    /^ok policies: Reader on namespace d\*, Manager on namespace x\* or d\?mo applies/m,
  ],
  'every namespace': [
    version2([{ key: 'resource', operator: 'stringExists', value: true }]),
    /^ok policies: Reader on namespace d\*, Reader on namespace \(any: true\) applies/m,
  ],
  'a time': [
    shownWith([], inTime('2020-01-01T00:00:00Z', '2120-01-01T00:00:00Z')),
    /^ok policies: Reader on namespace d\*, Reader on all namespaces only after 2020\S+ until 2120\S+ applies/m,
  ],
  'all services': [
    {
      role: 'Reader',
      shown: { resources: [{ attributes: [{ name: 'serviceType', value: 'service' }] }] },
    },
    /^ok policies: Reader on namespace d\*, Reader on all namespaces applies/m,
  ],
};
const customReader = 'crn:v1:bluemix:public:iam::a/1234::customRole:Reader';
const administrator = 'crn:v1:bluemix:public:iam::::role:Administrator';

/** Policies that do not allow a pull of `demo` for certain. The registry refuses it. */
const uncertain: Readonly<Record<string, readonly [policy: Policy, says: RegExp]>> = {
  'a resource group': [
    shownWith([{ name: 'resourceGroupId', value: 'g1' }]),
    /^warning policies: Reader on all namespaces in resource group g1 may apply to demo in us-south \| run ibmcloud iam .*; if demo is in no resource group, run ibmcloud cr region-set us-south && ibmcloud cr namespace-assign -g g1 demo$/m,
  ],
  'a resource group, for all services': [
    {
      role: 'Reader',
      shown: { resources: [{ attributes: [{ name: 'resourceGroupId', value: 'g1' }] }] },
    },
    /^warning policies: Reader .* in resource group g1 may apply/m,
  ],
  'a resource group itself': [
    {
      role: 'Reader',
      shown: { resources: [{ attributes: [{ name: 'resourceType', value: 'resource-group' }] }] },
    },
    /^error policies: IAM shows no policy with role Reader or Writer or Manager for demo in us-south \| run/m,
  ],
  'services for the management of the account': [
    {
      role: 'Reader',
      shown: { resources: [{ attributes: [{ name: 'service_group_id', value: 'IAM' }] }] },
    },
    /^error policies: IAM shows no policy .* us-south \| run/m,
  ],
  'access tags': [
    {
      role: 'Reader',
      shown: { resources: [{ attributes: [], tags: [{ name: 'env', value: 'dev' }] }] },
    },
    /^warning policies: Reader on all namespaces with a condition on tags may apply/m,
  ],
  'an attribute of the request': [
    shownWith([], ruled),
    /^warning policies: Reader on all namespaces only if resource.attributes.path stringMatch a may apply/m,
  ],
  'a condition, in another region': [
    shownWith([{ name: 'region', value: 'eu-de' }], ruled),
    /^error policies: .*policies for others: Reader on all namespaces in eu-de only if resource.attributes.path stringMatch a \|/m,
  ],
  'a time that is over': [
    shownWith([], inTime('2020-01-01T00:00:00Z', '2020-02-01T00:00:00+01:00')),
    /^error policies: .*policies for others: Reader on all namespaces only after 2020-01-01T00:00:00Z until 2020-02-01T00:00:00\+01:00 \| run/m,
  ],
  'a time that has not come': [
    shownWith([], inTime('2120-01-01T00:00:00Z', '2120-02-01T00:00:00Z')),
    /^error policies: .*policies for others: .* only after 2120/m,
  ],
  'a time, in a form that is not known': [
    shownWith([], inTime('today', 'tomorrow')),
    /^warning policies: .* only after today until tomorrow may apply/m,
  ],
  'an operator that is not known': [
    shownWith([{ name: 'resource', value: 'demo', operator: 'ipInRange' }]),
    /^warning policies: Reader on all namespaces with a condition on resource may apply/m,
  ],
  'resources without a namespace': [
    shownWith([{ name: 'resource', value: false, operator: 'stringExists' }]),
    /^error policies: .*policies for others: Reader on namespace \(any: false\) \|/m,
  ],
  'an escaped asterisk': [
    shownWith(ofNamespace('dem{{*}}', 'stringMatch')),
    /^error policies: .*policies for others: Reader on namespace dem\{\{\*\}\} \|/m,
  ],
  'the role of another service': [
    shownWith([], {
      roles: [{ role_id: 'crn:v1:bluemix:public:cloud-object-storage::::serviceRole:Reader' }],
    }),
    /^error policies: .*; only Reader of cloud-object-storage on all namespaces \|/m,
  ],
  'a custom role with the name of another': [
    shownWith([], { roles: [{ role_id: customReader }] }),
    /^warning policies: custom role Reader on all namespaces may apply/m,
  ],
  'a platform role': [
    shownWith([], { roles: [{ role_id: administrator }] }),
    /^error policies: IAM shows no policy .*; only Administrator on all namespaces \|/m,
  ],
  'a text with an asterisk that is not a pattern': [
    shownWith(ofNamespace('de*', 'stringEquals')),
    /^error policies: .*policies for others: Reader on namespace de\* \|/m,
  ],
  'a pattern of the wrong length': [
    shownWith(ofNamespace('dem??', 'stringMatch')),
    /^error policies: .*policies for others: Reader on namespace dem\?\? \|/m,
  ],
  'a deleted policy': [
    shownWith([], { state: 'deleted' }),
    /^error policies: IAM shows no policy .* us-south \|/m,
  ],
  'an authorization between services': [
    shownWith([], { type: 'authorization' }),
    /^error policies: IAM shows no policy .* us-south \|/m,
  ],
  'another account': [
    shownWith([{ name: 'accountId', value: otherAccount }]),
    /^error policies: IAM shows no policy .* us-south \|/m,
  ],
  'another service': [
    {
      role: 'Reader',
      shown: { resources: [{ attributes: [{ name: 'serviceName', value: 'kms' }] }] },
    },
    /^error policies: IAM shows no policy .* us-south \|/m,
  ],
  'malformed members': [
    { role: 'Reader', shown: { resources: [null, 5], roles: 'Reader' } },
    /^error policies: IAM shows no policy .*; only no role on all namespaces \|/m,
  ],
};

const rows: Readonly<Record<string, Row>> = {
  ...Object.fromEntries(
    Object.entries(certain).map(([what, [policy, says]]) => [
      `a policy for ${what} beside a context-based restriction`,
      {
        // The first policy makes the namespace visible to the identity.
        policies: [{ role: 'Reader' as const, namespace: 'd*' }, policy],
        restrictions: { contextBased: true },
        ok: false,
        says: [
          says,
          /^error registry: .*insufficient scope.* \| check the rules for container-registry/m,
        ],
      },
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(uncertain).map(([what, [policy, says]]) => [
      `a policy for ${what}`,
      { policies: [policy], ok: false, says: [says, /^error registry: .*insufficient scope/m] },
    ]),
  ),
  'a condition beside a policy that applies': {
    policies: [shownWith([], ruled), { role: 'Reader' }],
    ok: true,
    says: [/^ok policies: Reader on all namespaces applies to demo in us-south \|/m],
  },
  'a pattern with a question mark': {
    policies: [{ role: 'Reader', namespace: 'dem?' }],
    ok: true,
    says: [/^ok policies: Reader on namespace dem\? applies/m],
  },
  'a policy of an access group with a rule': {
    prepare: ({ sandbox, iamId }) => {
      const accountId = account(sandbox, iamId);
      const members = [iamId];
      const group = sandbox.accounts.addAccessGroup({
        name: 'g',
        accountId,
        members,
        isDynamic: true,
      });
      sandbox.accounts.addPolicy({ iamId: group.id, accountId, role: 'Reader' });
    },
    ok: true,
    says: [/^ok policies: Reader on all namespaces applies/m],
  },
  'a pull that is possible': {
    policies: reader,
    ok: true,
    says: [
      /^ok client: docker: credHelpers\["us.icr.io"\] in .* names icr/m,
      /^ok credential: user name iamapikey of identity work, in file store \|/m,
      /^ok owner: service ID ci, account /m,
      /^ok policies: Reader on all namespaces applies to demo in us-south/m,
      /^ok token: issued for repository:demo\/hello:pull \|/m,
      /^ok registry: us.icr.io serves 1/m,
    ],
  },
  'a push that is possible': {
    policies: writer,
    push: true,
    ok: true,
    says: [
      /^ok token: issued for repository:demo\/hello:pull,push \|/m,
      /^ok registry: us.icr.io accepts a push/m,
    ],
  },
  'a push as Reader': {
    policies: reader,
    push: true,
    ok: false,
    says: [
      /^error policies: IAM shows no policy with role Writer or Manager for demo in us-south; only Reader on all namespaces \| run ibmcloud iam service-policy-create ServiceId-\S+ --roles Writer --service-name container-registry --region us-south --resource-type namespace --resource demo$/m,
      /^error registry: .*DENIED: insufficient scope.* \| run ibmcloud iam service-policy-create/m,
    ],
  },
  'no policy': {
    ok: false,
    says: [
      /^error policies: IAM shows no policy with role Reader or Writer or Manager for demo in us-south \| run /m,
      /^warning namespace: account \w+ has no namespace demo on us.icr.io that this identity may see \|/m,
      /^error registry: .* \| run ibmcloud iam service-policy-create .* if account \w+ owns demo; otherwise docker-credential-icr map us.icr.io IDENTITY with/m,
    ],
  },
  'the last of 250 policies, which IAM lists on three pages': {
    policies: [
      ...Array.from({ length: 249 }, (_, n): Policy => ({ role: 'Reader', namespace: `n${n}` })),
      { role: 'Reader', namespace: 'demo' },
    ],
    ok: true,
    says: [/^ok policies: Reader on namespace demo applies/m],
  },
  'a policy for another resource group than that of the namespace': {
    policies: [
      { role: 'Reader' },
      shownWith([{ name: 'resourceGroupId', value: 'g1' }], { roles: writerRole }),
    ],
    push: true,
    prepare: (world) => addDemo(world, 'g2'),
    ok: false,
    says: [
      /^error policies: .*only Reader on all namespaces; policies for others: Writer on all namespaces in resource group g1 \| run ibmcloud iam .* --resource demo$/m,
    ],
  },
  'a policy for a resource group, and a namespace without one': {
    policies: [
      { role: 'Reader' },
      shownWith([{ name: 'resourceGroupId', value: 'g1' }], { roles: writerRole }),
    ],
    push: true,
    ok: false,
    says: [
      /^error policies: .*policies for others: .* \| run ibmcloud cr region-set us-south && ibmcloud cr namespace-assign -g g1 demo$/m,
    ],
  },
  'a policy for the resource group of the namespace, beside a restriction': {
    policies: [
      { role: 'Reader' },
      shownWith([{ name: 'resourceGroupId', value: 'g1' }], { roles: writerRole }),
    ],
    push: true,
    restrictions: { contextBased: true },
    prepare: (world) => addDemo(world, 'g1'),
    ok: false,
    says: [
      /^ok policies: Writer on all namespaces in resource group g1 applies/m,
      /^error registry: .* \| check the rules for container-registry/m,
    ],
  },
  'a custom role that allows a pull, beside a restriction': {
    policies: [
      { role: 'Reader', namespace: 'd*' },
      shownWith([], { roles: customRoleOf('Puller') }),
    ],
    restrictions: { contextBased: true },
    prepare: (world) => addCustomRole(world, 'Puller', 'container-registry.image.pull'),
    ok: false,
    says: [/^ok policies: .*, custom role Puller on all namespaces applies/m],
  },
  'a custom role that does not allow a push': {
    policies: [{ role: 'Reader' }, shownWith([], { roles: customRoleOf('Lister') })],
    push: true,
    prepare: (world) => addCustomRole(world, 'Lister', 'container-registry.image.list'),
    ok: false,
    says: [/^error policies: .*; only Reader on .*, custom role Lister on all namespaces \|/m],
  },
  'policies of version 2, if IAM only lists version 1': {
    policies: [version2([])],
    prepare: ({ sandbox }) =>
      void sandbox.faults.add('iam', {
        kind: 'status',
        status: 404,
        path: '/v2/policies',
        times: 'forever',
      }),
    ok: false,
    says: [/^warning policies: roles of a policy of version 2 on all namespaces may apply/m],
  },
  'a policy for another region': {
    policies: [{ role: 'Reader', region: 'eu-de' }],
    ok: false,
    says: [/^error policies: .*policies for others: Reader on all namespaces in eu-de \| run/m],
  },
  'a policy for another namespace': {
    policies: [{ role: 'Manager', namespace: 'demo2' }],
    ok: false,
    says: [/^error policies: .*policies for others: Manager on namespace demo2 \| run/m],
  },
  'a policy with a wildcard': {
    policies: [{ role: 'Reader', namespace: 'de*', region: 'us-*' }],
    ok: true,
    says: [/^ok policies: Reader on namespace de\* in us-\* applies/m],
  },
  'a policy of an access group': {
    prepare: ({ sandbox, iamId }) => {
      const accountId = account(sandbox, iamId);
      const group = sandbox.accounts.addAccessGroup({ name: 'g', accountId, members: [iamId] });
      sandbox.accounts.addPolicy({ iamId: group.id, accountId, role: 'Reader' });
    },
    ok: true,
    says: [/^ok policies: Reader on all namespaces applies/m],
  },
  'a policy of the last of 101 access groups, which IAM lists on two pages': {
    prepare: ({ sandbox, iamId }) => {
      const accountId = account(sandbox, iamId);
      const add = (name: string) =>
        sandbox.accounts.addAccessGroup({ name, accountId, members: [iamId] }).id;
      for (let group = 1; group <= 100; group += 1) add(`g${group}`);
      sandbox.accounts.addPolicy({ iamId: add('last'), accountId, role: 'Reader' });
    },
    ok: true,
    says: [/^ok policies: Reader on all namespaces applies/m],
  },
  'a namespace that does not exist': {
    policies: reader,
    restrictions: { onlyKnownNamespaces: true },
    image: 'us.icr.io/absent/hello:1',
    ok: false,
    says: [
      /^error namespace: account \w+ has no namespace absent on us.icr.io \| run ibmcloud cr region-set us-south && ibmcloud cr namespace-list/m,
      /^error registry: .*NAME_UNKNOWN: The requested namespace does not exist.* \| run docker-credential-icr map us.icr.io IDENTITY .*namespace-add absent$/m,
    ],
  },
  'a namespace of another account': {
    policies: reader,
    image: 'us.icr.io/theirs/hello:1',
    prepare: ({ sandbox }) =>
      void sandbox.accounts.addNamespace({
        name: 'theirs',
        accountId: otherAccount,
        public: false,
      }),
    ok: false,
    says: [
      /^skipped policies: policies of account \w+ do not apply to other accounts/m,
      /^error registry: .*insufficient scope.* \| run docker-credential-icr map us.icr.io IDENTITY/m,
    ],
  },
  'an image that does not exist': {
    policies: reader,
    image: 'us.icr.io/demo/absent',
    ok: false,
    says: [
      /^error registry: .*NAME_UNKNOWN.* \| run ibmcloud cr region-set us-south && ibmcloud cr image-list --restrict demo/m,
    ],
  },
  'a tag that does not exist': {
    policies: reader,
    image: 'us.icr.io/demo/hello:2',
    ok: false,
    says: [/^error registry: .*MANIFEST_UNKNOWN.* \| run .*ibmcloud cr image-list/m],
  },
  'pull traffic over quota': {
    policies: reader,
    restrictions: { traffic: { limit: 5_242_880, used: 5_242_880 } },
    ok: false,
    says: [
      /^error quota: pull traffic of this month: 5 MB of 5 MB used: quota exceeded \| wait/m,
      /^error registry: .*has exceeded its pull traffic quota.* \| wait for the next month, or run ibmcloud cr region-set us-south && ibmcloud cr quota-set --traffic MEGABYTES, on the free plan after ibmcloud cr plan-upgrade standard$/m,
    ],
  },
  'storage over quota does not forbid a pull': {
    policies: reader,
    restrictions: { storage: { limit: 1, used: 2 } },
    ok: true,
    says: [/^ok quota: pull traffic/m],
  },
  'storage over quota forbids a push': {
    policies: writer,
    push: true,
    restrictions: { storage: { limit: 1, used: 2 } },
    ok: false,
    says: [
      /^error quota: storage.* \| delete images/m,
      /^error registry: .*image storage quota.* \| delete/m,
    ],
  },
  'an unlimited quota': {
    policies: writer,
    push: true,
    restrictions: { storage: { limit: -1, used: 2 } },
    ok: true,
    says: [/^ok quota: storage: no limit/m],
  },
  'a quota that the registry does not enforce': {
    policies: reader,
    restrictions: { traffic: { limit: 1, used: 1, isEnforced: false } },
    ok: true,
    says: [/^warning quota: .*: quota exceeded \| wait/m, /^ok registry: /m],
  },
  'an answer without the quota and the options': {
    policies: reader,
    prepare: ({ sandbox }) => {
      for (const path of ['/api/v1/quotas', '/api/v1/auth']) {
        sandbox.faults.add('registry', { kind: 'no-members', path });
      }
    },
    ok: true,
    says: [
      /^skipped quota: pull traffic of this month: not in the answer of us.icr.io/m,
      /^skipped network: private-only access: not in the answer of us.icr.io/m,
    ],
  },
  'an allowlist without this machine': {
    policies: reader,
    restrictions: { allowedAddresses: ['192.0.2.1'] },
    ok: false,
    says: [
      /^error registry: .*IP address 127.0.0.1 is not allowed.* \| add the address of this machine/m,
    ],
  },
  'private-only access': {
    policies: reader,
    restrictions: { privateOnly: true },
    ok: false,
    says: [
      /^error network: private-only access is on, .* \| use private.us.icr.io/m,
      /^error registry: .*Private-only access is enabled.* \| use private.us.icr.io/m,
    ],
  },
  'a context-based restriction': {
    policies: reader,
    restrictions: { contextBased: true },
    ok: false,
    says: [/^error registry: .*insufficient scope.* \| check the rules for container-registry at/m],
  },
  'the owner of an account, without a policy': {
    prepare: ({ home, sandbox }) => {
      const { iamId } = sandbox.accounts.addUser({ name: 'Jane' });
      sandbox.accounts.addApiKey({ value: 'canary-key-of-a-user', owner: iamId });
      writeIdentity(home, 'canary-key-of-a-user');
    },
    ok: true,
    says: [
      /^ok owner: user jane@example.com/m,
      /^ok policies: IAM shows no policy .*accepts without one/m,
    ],
  },
  'a mapping to an identity of another account': {
    policies: reader,
    prepare: ({ home, sandbox }) => {
      addBob({ home, sandbox });
    },
    ok: false,
    says: [
      /^warning credential: docker and podman ask for us.icr.io without demo, and get user name iamapikey of identity work \| run docker-credential-icr map us.icr.io other$/m,
      /^ok owner: user bob@example.com, account f{32}/m,
      /^warning namespace: account f{32} has no namespace demo/m,
      /^error registry: .*insufficient scope.* otherwise docker-credential-icr map us.icr.io IDENTITY/m,
    ],
  },
  'the helper of an identity of another account': {
    policies: reader,
    prepare: (world) => {
      addBob(world);
      writeDocker(world.home, { credHelpers: { 'us.icr.io': 'icr-other' } });
      mapAllTo(world.home, 'work');
    },
    ok: false,
    says: [
      /^ok client: docker: credHelpers\["us.icr.io"\] in .* names icr-other \|/m,
      /^ok credential: user name iamapikey of identity other, in file store \|/m,
      /^ok owner: user bob@example.com/m,
      /^error registry: .* otherwise docker-credential-icr configure --identity IDENTITY --host us.icr.io with/m,
    ],
  },
  'the helper of an identity for a host with a port': {
    image: 'us.icr.io:443/demo/hello:1',
    prepare: (world) => {
      addBob(world);
      writeDocker(world.home, {
        credHelpers: { 'us.icr.io': 'icr', 'us.icr.io:443': 'icr-other' },
      });
    },
    ok: false,
    says: [/^ok client: .* names icr-other/m, /^ok credential: .* of identity other/m],
  },
  'the helper of an identity that does not exist': {
    prepare: ({ home }) => writeDocker(home, { credHelpers: { 'us.icr.io': 'icr-gone' } }),
    ok: false,
    says: [
      /^error credential: identity gone does not exist \| run docker-credential-icr login --identity gone/m,
    ],
  },
  'another helper in podman and in a file of buildx than in docker': {
    policies: reader,
    prepare: ({ home }) => {
      for (const [file, name] of [
        ['.config/containers/auth.json', 'icr-other'],
        ['.docker/buildx/config/us.icr.io/demo/hello/config.json', 'icr-third'],
        ['.docker/buildx/config/us.icr.io/demo/hello@pull/config.json', 'icr'],
        ['.docker/buildx/config/us.icr.io/demo/hello@push/config.json', 'icr-pushes'],
        ['.docker/buildx/config/us.icr.io/demo/other/config.json', 'icr-others'],
      ] as const) {
        const target = path.join(home.folder, file);
        fs.mkdirSync(path.dirname(target), { recursive: true });
        fs.writeFileSync(target, JSON.stringify({ credHelpers: { 'us.icr.io': name } }));
      }
    },
    ok: true,
    says: [
      /^ok client: docker: .* names icr \|/m,
      /^warning client: podman: .* names icr-other, which uses another identity \| run docker-credential-icr-other explain us.icr.io\/demo\/hello$/m,
      /^warning client: buildx: \S+\/hello\/config.json names icr-third, which uses another/m,
      /^ok client: buildx: \S+@pull\/config.json names icr \| undefined\nok credential: /m,
    ],
  },
  'no credential': {
    prepare: ({ home }) => void writeConfig(home, 'config.json', '{"identities":{},"mappings":{}}'),
    ok: false,
    says: [/^error credential: no source has .* \| run docker-credential-icr login us.icr.io$/m],
  },
  'a public image without a credential': {
    prepare: ({ home, sandbox, iamId }) => {
      const accountId = account(sandbox, iamId);
      sandbox.accounts.addNamespace({ name: 'demo', accountId, public: true });
      writeConfig(home, 'config.json', '{"identities":{},"mappings":{}}');
    },
    ok: true,
    says: [
      /^warning credential: no source has .* \| run docker-credential-icr login us.icr.io$/m,
      /^ok token: issued for repository:demo\/hello:pull/m,
      /^ok registry: us.icr.io serves 1/m,
    ],
  },
  'a push of a public image without a credential': {
    push: true,
    prepare: ({ home, sandbox, iamId }) => {
      const accountId = account(sandbox, iamId);
      sandbox.accounts.addNamespace({ name: 'demo', accountId, public: true });
      writeConfig(home, 'config.json', '{"identities":{},"mappings":{}}');
    },
    ok: false,
    says: [/^error credential: no source has .* \| run/m],
  },
  'a deleted API key': {
    prepare: ({ sandbox }) => void sandbox.accounts.removeApiKey({ key: apiKey }),
    ok: false,
    says: [
      /^error owner: .*BXNIM0415E.* \| run docker-credential-icr login --identity work$/m,
      /^error token: .*UNAUTHORIZED.* \| run docker-credential-icr login --identity work$/m,
    ],
  },
  'another helper': {
    policies: reader,
    prepare: ({ home }) => writeDocker(home, { credHelpers: { 'us.icr.io': 'pass' } }),
    ok: false,
    says: [
      /^error client: .* names pass, not icr \| run docker-credential-icr configure --host us.icr.io --force/m,
    ],
  },
  'no setting of a client': {
    policies: reader,
    prepare: ({ home }) => writeDocker(home, {}),
    ok: false,
    says: [
      /^error client: .* names no helper for us.icr.io \| run docker-credential-icr configure --host/m,
    ],
  },
  'a registry token': {
    prepare: ({ home }) => writeLogin(home, 'us.icr.io', 'token', 'canary-registry-token'),
    ok: false,
    says: [
      /^warning credential: .*registry tokens are deprecated/m,
      /^skipped owner: /m,
      /^error token: /m,
    ],
  },
  'an entitlement key on cp.icr.io': {
    image: 'cp.icr.io/demo/hello:1',
    prepare: ({ home, sandbox }) => {
      sandbox.accounts.addEntitlementKey({ value: 'canary-entitlement-key' });
      sandbox.accounts.removeNamespace({ name: 'demo' });
      writeDocker(home, { credsStore: 'icr' });
      writeLogin(home, 'cp.icr.io', 'cp', 'canary-entitlement-key');
    },
    ok: true,
    says: [/^ok client: docker: credsStore in .* names icr/m, /^ok credential: user name cp/m],
  },
  'a push with an entitlement key': {
    image: 'cp.icr.io/demo/hello:1',
    push: true,
    prepare: ({ home, sandbox }) => {
      sandbox.accounts.addEntitlementKey({ value: 'canary-entitlement-key' });
      writeDocker(home, { credsStore: 'icr' });
      writeLogin(home, 'cp.icr.io', 'cp', 'canary-entitlement-key');
    },
    ok: false,
    says: [/^error credential: entitlement keys can pull, but not push/m],
  },
  'the registry does not answer': {
    policies: reader,
    prepare: ({ sandbox }) =>
      void sandbox.faults.add('registry', { kind: 'drop', times: 'forever' }),
    ok: false,
    says: [/^error token: repository:demo\/hello:pull: cannot reach/m],
  },
  'IAM does not answer, but the registry accepts': {
    policies: reader,
    prepare: ({ sandbox }) => void sandbox.faults.add('iam', { kind: 'drop', times: 'forever' }),
    ok: true,
    says: [/^warning owner: cannot reach IAM/m, /^ok registry: /m],
  },
};

/** Adds identity `other`, of a user of another account. */
function addBob({ home, sandbox }: Pick<World, 'home' | 'sandbox'>): void {
  const { iamId } = sandbox.accounts.addUser({ name: 'Bob', accountId: otherAccount });
  sandbox.accounts.addApiKey({ value: 'canary-key-of-bob', owner: iamId });
  writeIdentities(home);
}

function mapAllTo(home: Home, identity: string): void {
  const file = path.join(home.config, 'config.json');
  const settings = JSON.parse(fs.readFileSync(file, 'utf8'));
  fs.writeFileSync(file, JSON.stringify({ ...settings, mappings: { '*': { identity } } }));
}

/** Identity `other` for one namespace, and `work` for the rest. */
function writeIdentities(home: Home): void {
  const identity = { kind: 'api-key', secretSetAt: 0 };
  const identities = { work: identity, other: identity };
  const mappings = { '*': { identity: 'work' }, 'us.icr.io/demo': { identity: 'other' } };
  writeConfig(home, 'config.json', JSON.stringify({ identities, mappings }));
  const credential = { ServerURL: '*', Username: 'iamapikey', Secret: 'canary-key-of-bob' };
  writeConfig(home, 'identities/other.json', JSON.stringify(credential));
}

function writeLogin(home: Home, host: string, Username: string, Secret: string): void {
  writeConfig(home, `hosts/${host}.json`, JSON.stringify({ ServerURL: host, Username, Secret }));
  writeConfig(home, 'config.json', '{"identities":{},"mappings":{}}');
}

for (const [name, row] of Object.entries(rows)) {
  test(`explains ${name}`, ({ sandbox }) =>
    inWorld(sandbox, async (world) => {
      const accountId = account(sandbox, world.iamId);
      for (const policy of row.policies ?? []) {
        sandbox.accounts.addPolicy({ iamId: world.iamId, accountId, ...policy });
      }
      sandbox.accounts.setRestrictions(row.restrictions ?? {});
      row.prepare?.(world);
      const answer = await answerOf(world, row.image ?? image, row.push);
      for (const pattern of row.says)
        assert.ok(pattern.test(shown(answer)), `${pattern}\n${shown(answer)}`);
      assert.is(answer.ok, row.ok, shown(answer));
    }));
}

const answers = {
  '401': { kind: 'status', status: 401 },
  '403': { kind: 'status', status: 403 },
  '429': { kind: 'status', status: 429, retryAfter: 3600 },
  '503': { kind: 'status', status: 503 },
  'an HTML page': { kind: 'not-json' },
  'an empty body': { kind: 'empty' },
  'half of the answer': { kind: 'half-json' },
  nothing: { kind: 'drop' },
} as const;
for (const [what, fault] of Object.entries(answers)) {
  test(`claims nothing about policies if IAM answers ${what}`, ({ sandbox }) =>
    inWorld(sandbox, async (world) => {
      const accountId = account(sandbox, world.iamId);
      sandbox.accounts.addPolicy({ iamId: world.iamId, accountId, role: 'Reader' });
      for (const path of ['/v1/policies', '/v2/policies']) {
        sandbox.faults.add('iam', { ...fault, path, times: 'forever' });
      }
      try {
        const answer = await answerOf(world, image);
        assert.ok(answer.ok, shown(answer));
        assert.match(shown(answer), /^(?:warning|skipped) policies: (?!IAM shows no policy)/m);
      } finally {
        sandbox.faults.clear('iam');
      }
    }));
}

for (const form of [
  'US.ICR.IO/demo/hello:1',
  'us.icr.io/demo/hello:1/',
  'https://us.icr.io/demo/hello:1',
  'docker://us.icr.io/demo/hello:1',
  'oci://us.icr.io/demo/hello:1',
]) {
  test(`accepts the form ${form}`, ({ sandbox }) =>
    inWorld(sandbox, async (world) => {
      const accountId = account(sandbox, world.iamId);
      sandbox.accounts.addPolicy({ iamId: world.iamId, accountId, role: 'Reader' });
      const answer = await answerOf(world, form);
      assert.ok(answer.ok, shown(answer));
    }));
}

test('with port 443, shows that the client looks up another key', ({ sandbox }) =>
  inWorld(sandbox, async (world) => {
    const answer = await answerOf(world, 'us.icr.io:443/demo/hello:1');
    assert.match(
      shown(answer),
      /^error client: .*only for us.icr.io \| use us.icr.io without a port/m,
    );
  }));

for (const [text, problem] of [
  ['docker.io/library/busybox', 'its registry is not a host of IBM Cloud Container Registry'],
  ['busybox', 'its registry is not a host of IBM Cloud Container Registry'],
  ['us.icr.io', 'it ends after the host, without namespace and image'],
  ['https://us.icr.io/', 'it ends after the host, without namespace and image'],
  ['us.icr.io/demo', 'it has no image after the namespace'],
  ['us.icr.io/Demo/hello', 'its name has capital letters'],
  [
    'us.icr.io.evil.example/demo/hello',
    'its registry is not a host of IBM Cloud Container Registry',
  ],
  ['us.icr.io/demo/hello@sha256:12', 'its digest is not valid'],
  ['us.icr.io/demo/hello:', 'its tag is not valid'],
  ['us.icr.io/demo/../hello', 'its name is not valid'],
] as const) {
  test(`refuses ${text}`, ({ sandbox }) =>
    inHome(async (home) => {
      const { status, stderr } = await run({ home, sandbox }, text);
      assert.is(status, 1);
      assert.match(stderr, `invalid image: ${problem}\nhint: use HOST/NAMESPACE/IMAGE`);
    }));
}

test('prints lines and a summary for people', ({ sandbox }) =>
  inWorld(sandbox, async (world) => {
    const { status, stdout } = await run(world, image);
    assert.is(status, 1);
    assert.match(stdout, /^error {3}policies: /m);
    assert.match(stdout, /\n {8}hint: run ibmcloud iam service-policy-create/);
    assert.match(stdout, /2 errors/);
  }));

test.run();
