import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { sandboxSuite } from '../sandbox/suite.ts';
import { notFound, type Outcome, refused } from '../support/helper.ts';
import { claimsOf } from '../support/jwt.ts';
import { addIdentity, forEach, inCloud, newKey } from './identity-cloud.ts';

const test = sandboxSuite('API keys from environment variables');

const key = newKey();
const other = newKey();

function answer(secret = key): Outcome {
  const found = { ServerURL: 'us.icr.io', Username: 'iamapikey', Secret: secret };
  return { stdout: `${JSON.stringify(found)}\n`, stderr: '', status: 0 };
}

/** A value is an API key, or `@` and the name of a file in the home. */
const rows: readonly [env: Record<string, string>, expected: (folder: string) => Outcome][] = [
  [{ IBMCLOUD_API_KEY: key }, () => answer()],
  [{ BLUEMIX_API_KEY: key }, () => answer()],
  [{ IC_API_KEY: key }, () => answer()],
  [{ DOCKER_CREDENTIAL_ICR_API_KEY: key }, () => answer()],
  [{ IBMCLOUD_API_KEY: key, IC_API_KEY: other, BLUEMIX_API_KEY: other }, () => answer()],
  [{ BLUEMIX_API_KEY: key, IC_API_KEY: other }, () => answer()],
  [{ DOCKER_CREDENTIAL_ICR_API_KEY: key, IBMCLOUD_API_KEY: other }, () => answer()],
  [{ IBMCLOUD_API_KEY: '', IC_API_KEY: key }, () => answer()],
  [{ IBMCLOUD_API_KEY: ' ', IC_API_KEY: key }, () => answer()],
  [{ IBMCLOUD_API_KEY: ` ${key}\n` }, () => answer()],
  [{ IBMCLOUD_API_KEY: '' }, () => notFound],
  [{ IBMCLOUD_API_KEY: '@HOME/bare' }, () => answer()],
  [{ IC_API_KEY: '@HOME/cli.json' }, () => answer()],
  [{ IC_API_KEY: '@cli.json' }, () => answer()],
  [
    { IBMCLOUD_API_KEY: '@HOME/missing', IC_API_KEY: key },
    (folder) =>
      refused(
        `us.icr.io: cannot read ${folder}/missing, the file in IBMCLOUD_API_KEY (ENOENT); check IBMCLOUD_API_KEY`,
      ),
  ],
  [
    { IBMCLOUD_API_KEY: '@HOME/empty' },
    (folder) =>
      refused(
        `us.icr.io: no API key in ${folder}/empty, the file in IBMCLOUD_API_KEY; check ${folder}/empty`,
      ),
  ],
  [
    { IBMCLOUD_API_KEY: '@HOME/half.json' },
    (folder) =>
      refused(
        `us.icr.io: no API key in ${folder}/half.json, the file in IBMCLOUD_API_KEY; check ${folder}/half.json`,
      ),
  ],
  [
    { IBMCLOUD_API_KEY: `${key}\n${other}` },
    () => refused('us.icr.io: IBMCLOUD_API_KEY contains white space; check IBMCLOUD_API_KEY'),
  ],
];

test('reads each variable and format, with IBM’s precedence', ({ sandbox }) =>
  forEach(rows, ([env, expected]) =>
    inCloud(sandbox, async ({ home, call }) => {
      const file = { name: 'ci', description: '', apikey: key, createdAt: '2026-01-01T00:00+0000' };
      const files = {
        bare: `${key}\n`,
        empty: '\n',
        'cli.json': JSON.stringify({ ...file, locked: false, uuid: 'ApiKey-1' }, null, '\t'),
        'half.json': JSON.stringify(file).slice(0, 60),
      };
      for (const [name, text] of Object.entries(files)) {
        fs.writeFileSync(path.join(home.folder, name), text);
      }
      const named = Object.entries(env).map(([name, value]) => [
        name,
        value.replace('HOME', home.folder),
      ]);
      const outcome = await call('get', 'us.icr.io', Object.fromEntries(named));
      assert.equal(outcome, expected(home.folder), Object.keys(env).join());
    }),
  ));

test('DOCKER_CREDENTIAL_ICR_API_KEY takes precedence over a mapping, and a mapping over IBM’s variables', ({
  sandbox,
}) =>
  inCloud(sandbox, async (person) => {
    const work = addIdentity(person, 'work');
    await person.say('map us.icr.io work');
    const env = { IBMCLOUD_API_KEY: key };
    assert.is((await person.get('us.icr.io', env)).secret, work);
    assert.is((await person.get('de.icr.io', env)).secret, key);
    const own = { DOCKER_CREDENTIAL_ICR_API_KEY: other };
    assert.is((await person.get('us.icr.io', { ...env, ...own })).secret, other);
    await person.say('erase', 'de.icr.io');
    assert.is((await person.call('get', 'de.icr.io', env)).status, 1, 'signed out');
  }));

test('status: shows the variable, and its key can be exchanged for an access token', ({
  sandbox,
}) =>
  inCloud(sandbox, async ({ say, call }) => {
    const user = sandbox.accounts.addUser();
    const { value } = sandbox.accounts.addApiKey({ value: newKey(), owner: user.iamId });
    const env = { IC_API_KEY: value };
    assert.match(await say('status', '', env), /^us\.icr\.io +ok +- +iamapikey +IC_API_KEY +-$/m);
    for (const words of ['token', 'token us.icr.io --refresh']) {
      assert.is(claimsOf(await say(words, '', env)).sub, user.sub);
    }
    assert.equal(await call('token', '', { IC_API_KEY: newKey() }), {
      stdout: '',
      stderr:
        'docker-credential-icr: IAM refused the API key in IC_API_KEY (BXNIM0415E: Provided API key could not be found.)\nhint: check the API key, or run docker-credential-icr login\n',
      status: 1,
    });
  }));

test('login: stores the API key from a variable and reports it', ({ sandbox }) =>
  inCloud(sandbox, async ({ call, get }) => {
    const { value } = sandbox.accounts.addApiKey({ value: newKey() });
    const outcome = await call('login us.icr.io', '', { IBMCLOUD_API_KEY: value });
    assert.is(outcome.stderr, 'docker-credential-icr: using the API key in IBMCLOUD_API_KEY\n');
    assert.is(outcome.status, 0);
    assert.is((await get('us.icr.io')).secret, value);
  }));

test.run();
