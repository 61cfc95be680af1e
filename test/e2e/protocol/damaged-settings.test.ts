import fs from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { answer, credential, helper, notFound, nothing, refused } from '../../support/helper.ts';
import { type Home, inHome, snapshot, writeConfig, writeIdentity } from '../../support/home.ts';

const test = suite('damaged settings');

const work = '{"kind":"api-key","since":0}';
const toWork = '"mappings":{"*":{"identity":"work"}}';

const damages: readonly (string | Buffer)[] = [
  '',
  '\n',
  '{',
  '{"identities":{"work":{"kind":"api-key","since":0}},"mappi',
  '{}}',
  '\0\0\0\0\0\0\0\0',
  Buffer.from([0xff, 0xfe, 0x00, 0x01]),
  'null',
  '[]',
  '"text"',
  '1',
  '{"identities":null}',
  '{"identities":[]}',
  '{"identities":"work"}',
  '{"mappings":null}',
  '{"mappings":[]}',
  '{"mappings":{"*":null}}',
  '{"mappings":{"*":"work"}}',
  '{"mappings":{"*":{}}}',
  '{"mappings":{"*":{"identity":5}}}',
  '{"mappings":{"*":{"identity":""}}}',
  `{"identities":{"work":${work}},"mappings":{"*":{"identity":"work","present":""}}}`,
  `{"identities":{"work":${work}},"mappings":{"*":{"identity":"work","present":[]}}}`,
  `{"identities":{"work":null},${toWork}}`,
  `{"identities":{"work":[]},${toWork}}`,
  `{"identities":{"work":{}},${toWork}}`,
  `{"identities":{"work":{"kind":"no-such-kind","since":0}},${toWork}}`,
  `{"identities":{"work":{"kind":"constructor","since":0}},${toWork}}`,
  `{"identities":{"work":{"kind":"api-key","since":0,"present":""}},${toWork}}`,
  `{"identities":{"work":{"kind":"api-key","since":"now"}},${toWork}}`,
  '{"iamEndpoint":5}',
  '{"ibmcloudSession":"yes"}',
  '{"computeProfile":{}}',
  `<<<<<<< HEAD\n{"identities":{}}\n=======\n`,
];

function sentence(file: string): string {
  return `the settings in ${file} are damaged; mend that file, or move it away and run docker-credential-icr login`;
}

for (const damage of damages) {
  test(`config.json is ${JSON.stringify(damage.toString().slice(0, 100))}`, () =>
    inHome((home) => {
      writeIdentity(home);
      const file = writeConfig(home, 'config.json', damage);
      const before = snapshot(home.folder);
      const expected = refused(`us.icr.io: ${sentence(file)}`);
      assert.equal(helper(home, 'get', 'us.icr.io'), expected);
      const { stderr, ...rest } = helper(home, 'list');
      assert.equal(rest, { stdout: '{}\n', status: 0 });
      assert.is(stderr, `docker-credential-icr: ${sentence(file)}\n`);
      // Who is asked for other registries cannot be known either.
      const unknown = { ...notFound, stderr: `docker-credential-icr: ${sentence(file)}\n` };
      assert.equal(helper(home, 'get', 'registry.example'), unknown);
      assert.equal(snapshot(home.folder), before);
    }));
}

test('docker login stores, docker logout signs out, and what needs no settings answers', () =>
  inHome((home) => {
    const file = writeConfig(home, 'config.json', '{');
    const stored = helper(home, 'store', credential('us.icr.io'));
    assert.equal(stored, { ...nothing, stderr: `docker-credential-icr: ${sentence(file)}\n` });
    const env = { DOCKER_CREDENTIAL_ICR_API_KEY: 'canary-own' };
    assert.is(
      helper(home, 'get', 'us.icr.io', { env }).stdout,
      answer('us.icr.io', 'iamapikey', 'canary-own'),
    );
    assert.equal(helper(home, 'erase', 'us.icr.io'), nothing);
    assert.equal(helper(home, 'get', 'us.icr.io'), notFound);
    helper(home, 'store', credential('registry.example', 'me'));
    assert.is(helper(home, 'get', 'registry.example').stdout, answer('registry.example', 'me'));
    fs.rmSync(file);
    assert.is(helper(home, 'get', 'registry.example').status, 0);
  }));

test('a member that a later version knows is passed over', () =>
  inHome((home) => {
    writeIdentity(home);
    const later = `{"identities":{"work":{"kind":"api-key","since":0,"x":1}},${toWork},"later":[]}`;
    writeConfig(home, 'config.json', later);
    assert.is(helper(home, 'get', 'us.icr.io').status, 0);
  }));

const misconfigured: readonly [name: string, setUp: (home: Home) => void, line: string][] = [
  [
    'a mapping to an identity that does not exist',
    (home) => writeIdentity(home, 'canary', { 'us.icr.io': { identity: 'nobody' } }),
    'us.icr.io is mapped to identity nobody, which does not exist; run docker-credential-icr login --identity nobody',
  ],
  [
    'an identity called as every object’s member',
    (home) => writeIdentity(home, 'canary', { 'us.icr.io': { identity: 'constructor' } }),
    'us.icr.io is mapped to identity constructor, which does not exist; run docker-credential-icr login --identity constructor',
  ],
  [
    'an identity without its secret',
    (home) => {
      writeIdentity(home);
      fs.rmSync(`${home.config}/identities/work.json`);
    },
    'us.icr.io: the secret of identity work is gone; run docker-credential-icr login --identity work',
  ],
];

for (const [name, setUp, line] of misconfigured) {
  test(name, () =>
    inHome((home) => {
      setUp(home);
      assert.equal(helper(home, 'get', 'us.icr.io'), refused(line));
      assert.is(helper(home, 'list').status, 0);
    }),
  );
}

test.run();
