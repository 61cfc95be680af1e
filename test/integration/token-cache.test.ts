import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { sandboxSuite } from '../sandbox/suite.ts';
import { refused } from '../support/helper.ts';
import { forEach, inCloud, newKey, type Person } from './identity-cloud.ts';

const test = sandboxSuite('token cache');

const minute = 60_000;
const cacheFile = '.cache/docker-credential-icr/work.json';

/** Runs `use` with identity `work` as `iambearer`, a cached token, and an empty request log. */
async function signedIn({ say, get }: Person, { accounts, requests }: Sandbox): Promise<string> {
  const { value } = accounts.addApiKey({ value: newKey() });
  await say('login --identity work --present iambearer --api-key-stdin', value);
  const { secret } = await get('us.icr.io');
  requests.reset();
  return secret;
}

/** Makes the cached token older. */
function age({ home }: Person, milliseconds: number): void {
  const file = path.join(home.folder, cacheFile);
  const entry = JSON.parse(fs.readFileSync(file, 'utf8'));
  for (const name of ['issuedAt', 'expiresAt']) entry[name] -= milliseconds;
  if (entry.failure !== undefined) entry.failure.at -= milliseconds;
  fs.writeFileSync(file, JSON.stringify(entry));
}

test('is used for half of its lifetime, and renewed with one request at 60 %', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const first = await signedIn(person, sandbox);
    age(person, 29 * minute);
    assert.equal(await person.get('us.icr.io'), {
      username: 'iambearer',
      secret: first,
      warnings: '',
    });
    assert.is((await person.say('token --identity work')).trim(), first);
    assert.is(sandbox.requests.count(), 0);
    age(person, 7 * minute);
    const second = await person.get('de.icr.io');
    assert.is.not(second.secret, first);
    assert.is(sandbox.requests.count(), 1);
    assert.equal(await person.get('us.icr.io'), second);
    assert.is(sandbox.requests.count(), 1);
  }));

test('is stored in a file with mode 0600 in a directory with mode 0700', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    await signedIn(person, sandbox);
    const file = path.join(person.home.folder, cacheFile);
    assert.is(fs.statSync(file).mode & 0o777, 0o600);
    assert.is(fs.statSync(path.dirname(file)).mode & 0o777, 0o700);
  }));

test('IAM is unreachable: a token with a minute left is used with a warning', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const first = await signedIn(person, sandbox);
    const env = { IBMCLOUD_IAM_API_ENDPOINT: sandbox.iamUrl };
    sandbox.faults.add('iam', { kind: 'not-json', times: 'forever' });
    age(person, 50 * minute);
    const { host } = new URL(sandbox.iamUrl);
    const why = `IAM at ${host} answered 200 with something that is not a JSON object; check that address`;
    const warnings = `docker-credential-icr: ${why}; the cached access token of work expires in 9 min\n`;
    for (const name of ['us.icr.io', 'de.icr.io']) {
      assert.equal(await person.get(name, env), { username: 'iambearer', secret: first, warnings });
    }
    assert.is(sandbox.requests.count(), 1, 'two dozen hosts in a row ask IAM once');
    age(person, 8 * minute + 45_000);
    assert.match((await person.get('us.icr.io')).warnings, 'expires in 1 min');
    age(person, minute);
    assert.equal(await person.call('get', 'us.icr.io'), refused(`us.icr.io: ${why}`));
    sandbox.faults.clear();
    const { secret, ...rest } = await person.get('us.icr.io');
    assert.equal(rest, { username: 'iambearer', warnings: '' });
    assert.is.not(secret, first);
  }));

test('IAM refuses the key: the cached token is not used', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { value } = sandbox.accounts.addApiKey({ value: newKey() });
    await person.say('login --identity work --present iambearer --api-key-stdin', value);
    await person.get('us.icr.io');
    age(person, 40 * minute);
    sandbox.accounts.changeApiKey({ key: value, disabled: true });
    assert.equal(
      await person.call('get', 'us.icr.io'),
      refused(
        'us.icr.io: IAM refused the API key of identity work (BXNIM0462E: Provided API key is disabled.); run docker-credential-icr login --identity work',
      ),
    );
  }));

test('is not used after a new login or with another IAM', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { accounts } = sandbox;
    await signedIn(person, sandbox);
    const { value } = accounts.addApiKey({ value: newKey(), owner: accounts.addUser().iamId });
    await person.say('login --identity work --api-key-stdin', value);
    assert.not.ok(fs.existsSync(path.join(person.home.folder, cacheFile)));
    const second = (await person.get('us.icr.io')).secret;

    const elsewhere = { IBMCLOUD_IAM_API_ENDPOINT: `${sandbox.iamUrl}/identity` };
    const third = (await person.get('us.icr.io', elsewhere)).secret;
    assert.is.not(third, second);
    assert.is((await person.get('us.icr.io', elsewhere)).secret, third);
  }));

test('an invalid entry is renewed; a clock difference of five minutes is accepted', ({
  sandbox,
}) => {
  const now = Date.now();
  const good = { name: 'work', token: 'canary-kept', since: 1 };
  const rows: readonly [text: string, kept: boolean, warning: boolean][] = [
    ['', false, true],
    ['{"canary', false, true],
    ['{"name":"work","token":7}', false, true],
    [JSON.stringify({ ...good, issuedAt: now, expiresAt: now + 60 * minute }), true, false],
    [
      JSON.stringify({ ...good, issuedAt: now + 4 * minute, expiresAt: now + 64 * minute }),
      true,
      false,
    ],
    [
      JSON.stringify({ ...good, issuedAt: now + 6 * minute, expiresAt: now + 66 * minute }),
      false,
      false,
    ],
    [
      JSON.stringify({ ...good, since: 2, issuedAt: now, expiresAt: now + 60 * minute }),
      false,
      false,
    ],
    [
      JSON.stringify({ ...good, name: 'Work', issuedAt: now, expiresAt: now + 60 * minute }),
      false,
      false,
    ],
    [
      JSON.stringify({ ...good, issuedAt: now - 60 * minute, expiresAt: now - minute }),
      false,
      false,
    ],
  ];
  return forEach(rows, ([text, kept, warning]) =>
    inCloud(sandbox, async (person) => {
      const file = path.join(person.home.folder, cacheFile);
      const { value } = sandbox.accounts.addApiKey({ value: newKey() });
      await person.say(
        'login --no-verify --identity work --present iambearer --api-key-stdin',
        value,
      );
      const config = path.join(person.home.config, 'config.json');
      const settings = JSON.parse(fs.readFileSync(config, 'utf8'));
      settings.identities.work.secretSetAt = 1;
      fs.writeFileSync(config, JSON.stringify(settings));
      fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
      const endpoint = sandbox.iamUrl;
      fs.writeFileSync(file, text.replace(/\}$/, `,"endpoint":"${endpoint}"}`), { mode: 0o600 });
      const { secret, warnings } = await person.get('us.icr.io');
      assert.is(secret === 'canary-kept', kept, text);
      assert.is(warnings.includes('is damaged; it will be replaced'), warning, text);
    }),
  );
});

test('without a cache directory: each get requests a token from IAM', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    await signedIn(person, sandbox);
    const blocked = path.join(person.home.folder, 'file');
    fs.writeFileSync(blocked, '');
    const env = { DOCKER_CREDENTIAL_ICR_CACHE_DIR: path.join(blocked, 'cache') };
    const { secret, warnings } = await person.get('us.icr.io', env);
    assert.match(secret, /^eyJ/);
    assert.match(warnings, 'the next client will request another token');
    assert.is(sandbox.requests.count(), 1);
  }));

test.run();
