import * as assert from 'uvu/assert';
import { sandboxSuite } from '../sandbox/suite.ts';
import { forEach, inCloud, newKey, refusal, settingsOf } from './identity-cloud.ts';

const test = sandboxSuite('settings');

const profile = 'Profile-0e9a7f3c-52c6-4a1b-9e45-6f1f2d3c4b5a';

test('each setting is off by default, and can be set, shown and reset', ({ sandbox }) =>
  inCloud(sandbox, async ({ say, home }) => {
    const rows = [
      ['ibmcloud-session', 'off', 'on', 'on', { ibmcloudSession: true }],
      ['access-log', 'off', 'on', 'on', { accessLog: true }],
      ['compute-profile', 'not set', `iam-${profile}`, profile, { computeProfile: profile }],
      [
        'iam-endpoint',
        'not set',
        'iam.test.cloud.ibm.com/',
        'https://iam.test.cloud.ibm.com',
        {
          iamEndpoint: 'https://iam.test.cloud.ibm.com',
        },
      ],
    ] as const;
    const none = { identities: {}, mappings: {} };
    for (const [name, unset, typed, kept, settings] of rows) {
      assert.match(await say(`settings ${name}`), new RegExp(`^${name}: ${unset} \\(.*\\)\n$`));
      assert.is(await say(`settings ${name} ${typed}`), `${name} is ${kept}\n`);
      assert.equal(settingsOf(home), { ...none, ...settings });
      assert.match(await say('settings'), new RegExp(`^${name}: ${kept} \\(`, 'm'));
      assert.is(await say(`settings ${name} off`), `${name} is ${unset}\n`);
      assert.equal(settingsOf(home), none);
    }
  }));

const known = 'use one of ibmcloud-session, access-log, compute-profile, iam-endpoint';
const refusals: readonly [words: string, line: string, hint?: string][] = [
  ['colour', 'unknown setting', known],
  ['constructor on', 'unknown setting', known],
  ['ibmcloud-session yes', 'invalid value', 'use on or off'],
  [
    'compute-profile nodes',
    'invalid trusted profile ID; expected Profile-…',
    'run ibmcloud iam trusted-profiles to list the IDs',
  ],
  [
    'iam-endpoint http://iam.cloud.ibm.com',
    'the value is not an https:// address',
    'use https://: secrets are sent there',
  ],
];

test('a refused value changes nothing', ({ sandbox }) =>
  forEach(refusals, ([words, line, hint]) =>
    inCloud(sandbox, async ({ call, home }) => {
      assert.equal(await call(`settings ${words}`), refusal(line, hint));
      assert.equal(settingsOf(home), { identities: {}, mappings: {} });
    }),
  ));

test('iam-endpoint: selects another IAM; the environment variable takes precedence', ({
  sandbox,
}) =>
  inCloud(sandbox, async ({ say, call }) => {
    const { value } = sandbox.accounts.addApiKey({ value: newKey() });
    await say(`settings iam-endpoint ${sandbox.iamUrl}`);
    const unset = { IBMCLOUD_IAM_API_ENDPOINT: undefined };
    await say('login us.icr.io --api-key-stdin', value, unset);
    await say('token us.icr.io', '', unset);
    assert.is(sandbox.requests.count({ grant: 'apikey', status: 200 }), 2);
    const elsewhere = { IBMCLOUD_IAM_API_ENDPOINT: 'http://127.0.0.1:9' };
    const { stderr, status } = await call('token us.icr.io', '', elsewhere);
    assert.match(stderr, 'cannot reach IAM at 127.0.0.1:9: the connection was refused');
    assert.is(status, 1);
  }));

test.run();
