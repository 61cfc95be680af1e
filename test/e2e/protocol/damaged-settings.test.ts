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

const hint = 'fix that file, or move it away and run docker-credential-icr login';

/** On standard output. */
function lineOf(file: string): string {
  return `the settings in ${file} are damaged; ${hint}`;
}

/** On standard error. */
function warningOf(file: string): string {
  return `docker-credential-icr: the settings in ${file} are damaged\nhint: ${hint}\n`;
}

for (const damage of damages) {
  test(`config.json is ${JSON.stringify(damage.toString().slice(0, 100))}`, () =>
    inHome((home) => {
      writeIdentity(home);
      const file = writeConfig(home, 'config.json', damage);
      const before = snapshot(home.folder);
      const expected = refused(`us.icr.io: ${lineOf(file)}`);
      assert.equal(helper(home, 'get', 'us.icr.io'), expected);
      const { stderr, ...rest } = helper(home, 'list');
      assert.equal(rest, { stdout: '{}\n', status: 0 });
      assert.is(stderr, warningOf(file));
      // Who is asked for other registries cannot be known either.
      const unknown = { ...notFound, stderr: warningOf(file) };
      assert.equal(helper(home, 'get', 'registry.example'), unknown);
      assert.equal(snapshot(home.folder), before);
    }));
}

test('docker login is refused: a keychain may be chosen, and files are a weaker store', () =>
  inHome((home) => {
    const file = writeConfig(home, 'config.json', '{"store":"pass",');
    const before = snapshot(home.folder);
    const warned = { stderr: warningOf(file) };
    for (const host of ['us.icr.io', 'registry.example']) {
      assert.equal(helper(home, 'store', credential(host)), {
        ...refused(lineOf(file)),
        ...warned,
      });
    }
    assert.equal(snapshot(home.folder), before);
    fs.rmSync(file);
    assert.equal(helper(home, 'store', credential('us.icr.io')), nothing);
  }));

test('docker logout signs out, erases what is in files, and says that a keychain was not asked', () =>
  inHome((home) => {
    for (const host of ['us.icr.io', 'registry.example']) helper(home, 'store', credential(host));
    const file = writeConfig(home, 'config.json', '{');
    const [what, fix] = lineOf(file).split('; ');
    const line = `${what}; a keychain may still have the secret; ${fix}`;
    const { stderr, ...erased } = helper(home, 'erase', 'us.icr.io');
    assert.equal(erased, { stdout: `${line}\n`, status: 1 });
    assert.is(stderr, '');
    assert.is(helper(home, 'erase', 'registry.example').stdout, `${line}\n`);
    assert.equal(fs.readdirSync(`${home.config}/hosts`), []);
    assert.equal(fs.readdirSync(`${home.config}/signed-out`), ['us.icr.io']);
  }));

for (const [words, left] of [
  ['logout', ['registry.example.json']],
  ['logout us.icr.io', ['registry.example.json']],
  ['logout registry.example', ['us.icr.io.json']],
] as const) {
  test(`${words} removes what is in files, and fails`, () =>
    inHome((home) => {
      for (const host of ['us.icr.io', 'registry.example']) helper(home, 'store', credential(host));
      writeConfig(home, 'config.json', '{');
      const { stderr, status } = helper(home, words.split(' '));
      assert.match(
        stderr,
        /are damaged; a keychain may still have the secret\nhint: fix that file/,
      );
      assert.is(status, 1);
      assert.equal(fs.readdirSync(`${home.config}/hosts`), [...left]);
    }));
}

test('what needs no settings answers', () =>
  inHome((home) => {
    helper(home, 'store', credential('registry.example', 'me'));
    const file = writeConfig(home, 'config.json', '{');
    const env = { DOCKER_CREDENTIAL_ICR_API_KEY: 'canary-own' };
    assert.is(
      helper(home, 'get', 'us.icr.io', { env }).stdout,
      answer('us.icr.io', 'iamapikey', 'canary-own'),
    );
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
    'us.icr.io: the mapping uses identity nobody, which does not exist; run docker-credential-icr login --identity nobody',
  ],
  [
    'an identity called as every object’s member',
    (home) => writeIdentity(home, 'canary', { 'us.icr.io': { identity: 'constructor' } }),
    'us.icr.io: the mapping uses identity constructor, which does not exist; run docker-credential-icr login --identity constructor',
  ],
  [
    'an identity without its secret',
    (home) => {
      writeIdentity(home);
      fs.rmSync(`${home.config}/identities/work.json`);
    },
    'us.icr.io: the secret of identity work is missing; run docker-credential-icr login --identity work',
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
