import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { sandboxSuite } from '../sandbox/suite.ts';
import { addUserWithKey, fits, keysOf } from './api-key-world.ts';
import { inCloud, refusal, settingsOf } from './identity-cloud.ts';

const test = sandboxSuite('api-key commands');

test('create: prints only the value, and login accepts it', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const mine = addUserWithKey(sandbox, person, 'jane');
    const made = await person.call('api-key create laptop --description at-home');
    const [, key] = keysOf(sandbox, mine.iamId);
    assert.equal(made, {
      stdout: `${key?.value}\n`,
      stderr: `docker-credential-icr: created API key ${key?.id} (laptop)\n`,
      status: 0,
    });
    assert.is(key?.description, 'at-home');
    await person.say('login us.icr.io --api-key-stdin', made.stdout);
    assert.is((await person.get('us.icr.io')).secret, key?.value);
  }));

test('create --output: writes the ibmcloud CLI’s format, and does not overwrite a file', ({
  sandbox,
}) =>
  inCloud(sandbox, async (person) => {
    const mine = addUserWithKey(sandbox, person, 'jane');
    const file = path.join(person.home.folder, 'key.json');
    const made = await person.call('api-key create laptop --output key.json');
    const [, key] = keysOf(sandbox, mine.iamId);
    assert.is(made.stdout, 'API key saved in key.json (not encrypted)\n');
    assert.is(fs.statSync(file).mode & 0o777, 0o600);
    const { createdAt, ...contents } = JSON.parse(fs.readFileSync(file, 'utf8'));
    assert.equal(contents, {
      name: 'laptop',
      description: '',
      apikey: key?.value,
      locked: false,
      uuid: key?.id,
    });
    assert.ok(Math.abs(Date.parse(createdAt) - Date.now()) < 120_000, createdAt);
    await person.say('login us.icr.io --api-key-file key.json');

    const again = await person.call('api-key create laptop --output key.json');
    assert.equal(again, refusal('key.json already exists', 'use another file name'));
    assert.is(keysOf(sandbox, mine.iamId).length, 2);
  }));

test('create: leaves no file and no key after a failure', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const mine = addUserWithKey(sandbox, person, 'jane');
    sandbox.faults.add('iam', { kind: 'status', status: 403, path: '/v1/apikeys' });
    const refused = await person.call('api-key create laptop --output key.json');
    assert.match(
      refused.stderr,
      /: IAM refused identity jane a new API key \(SANDBOX: [\s\S]*--as /,
    );
    assert.is(refused.status, 1);
    assert.not.ok(fs.existsSync(path.join(person.home.folder, 'key.json')));

    // No process reads standard output, so the value cannot be delivered.
    const { child, outcome } = person.start('api-key create laptop');
    child.stdout?.destroy();
    const { stderr, status } = await outcome;
    assert.is(status, 1);
    assert.match(stderr, /: deleted API key .* \(laptop\) again, because it could not be saved/);
    assert.is(keysOf(sandbox, mine.iamId).length, 1);
  }));

test('create: does not retry after a lost response, and reports it', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const mine = addUserWithKey(sandbox, person, 'jane');
    sandbox.faults.add('iam', { kind: 'cut-off', path: '/v1/apikeys' });
    const lost = await person.call('api-key create laptop');
    assert.is(lost.status, 1);
    assert.match(
      lost.stderr,
      /, but the key may have been created\nhint: run docker-credential-icr api-key list\n$/,
    );
    assert.is(keysOf(sandbox, mine.iamId).length, 2);
  }));

test('create --save: stores an API key of a service ID with the requested role', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    addUserWithKey(sandbox, person, 'jane');
    const words =
      'api-key create --service-id ci --role Writer --namespace team-a --region us --save us.icr.io';
    const unknown = await person.call(words);
    assert.match(unknown.stderr, /unknown region\nhint: use one of global, us-south, /);
    const made = await person.call(words.replace('region us ', 'region us.icr.io '));
    assert.is(made.status, 0, made.stderr);
    const ci = sandbox.accounts.subjects().find(({ name }) => name === 'ci');
    const [key] = keysOf(sandbox, ci?.iamId ?? '');
    assert.is(made.stdout, 'API key saved as identity us.icr.io; used for us.icr.io\n');
    assert.not.match(made.stdout + made.stderr, new RegExp(String(key?.value)));
    assert.is((await person.get('us.icr.io')).secret, key?.value);
    assert.is(settingsOf(person.home).identities['us.icr.io']?.owner, 'service ID ci');
    assert.equal(
      sandbox.accounts.policies().map(({ id: _, accountId: __, ...policy }) => policy),
      [{ iamId: ci?.iamId, role: 'Writer', region: 'us-south', namespace: 'team-a' }],
    );
    assert.is((await person.get('de.icr.io')).username, 'iamapikey');

    const again = await person.call(words.replace('region us ', 'region us.icr.io '));
    assert.match(
      again.stderr,
      /identity us\.icr\.io already exists\nhint: use .* rotate us\.icr\.io\n$/,
    );
    assert.is(keysOf(sandbox, ci?.iamId ?? '').length, 1);
  }));

test('create: reuses a service ID and its policy', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    addUserWithKey(sandbox, person, 'jane');
    const policies = sandbox.accounts.policies().length;
    sandbox.faults.add('iam', { kind: 'status', status: 403, path: '/v1/apikeys' });
    const failed = await person.call('api-key create --service-id nightly');
    assert.is(failed.status, 1);
    assert.match(
      failed.stderr,
      /\nhint: run the same command again to continue, or ibmcloud iam service-id-d/,
    );
    sandbox.faults.add('iam', { kind: 'status', status: 403, path: '/v1/apikeys' });
    const again = await person.call('api-key create --service-id nightly');
    assert.is(again.status, 1);
    assert.not.match(again.stderr, /was created|service-id-delete/, 'never delete an existing one');
    const made = await person.call('api-key create --service-id nightly');
    assert.is(made.status, 0);
    assert.match(made.stderr, /: using the existing service ID nightly \(ServiceId-.*\)\n/);
    assert.match(made.stderr, / already has role Reader for all namespaces\n/);
    assert.is(sandbox.accounts.policies().length, policies + 1);
    const ids = sandbox.accounts.subjects().filter(({ name }) => name === 'nightly');
    assert.is(ids.length, 1);

    const listed = await person.say('api-key list --service-id nightly --json');
    const { apiKeys } = JSON.parse(listed);
    assert.equal(
      apiKeys.map(({ name, iamId }: Record<string, unknown>) => [name, iamId]),
      [['nightly', ids[0]?.iamId]],
    );
    const all = await person.say('api-key list --account');
    assert.match(all, /jane\n/);
    assert.match(all, /nightly\n/);
  }));

test('list: reads all pages, prints no key value, and fits a terminal', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const mine = addUserWithKey(sandbox, person, 'jane');
    for (let n = 0; n < 230; n += 1) {
      const name = `key \u001b[31m number ${n} with a long name`;
      sandbox.accounts.addApiKey({ owner: mine.iamId, name, locked: n % 2 === 0, disabled: true });
    }
    const shown = await person.say('api-key list');
    assert.is(shown.split('\n').length, 233);
    assert.match(shown, /^ID {43}STATE {13}NAME\nApiKey-\S{36} {2}active {12}jane\n/);
    assert.ok(fits(shown), shown);
    assert.not.ok(shown.includes('\u001b'));
    const { apiKeys } = JSON.parse(await person.say('api-key list --json'));
    assert.is(apiKeys.length, 231);
    assert.not.match(JSON.stringify(apiKeys), new RegExp(mine.value));
    for (const { id } of keysOf(sandbox, mine.iamId).slice(1)) {
      sandbox.accounts.removeApiKey({ key: id });
    }
  }));

test('show, lock, unlock, disable, enable and delete, by name and by ID', ({ sandbox }) =>
  inCloud(sandbox, async ({ call, say, ...person }) => {
    const mine = addUserWithKey(sandbox, { call, say, ...person }, 'jane');
    const key = sandbox.accounts.addApiKey({ owner: mine.iamId, name: '2024' });
    const shown = await say('api-key show 2024');
    assert.match(shown, new RegExp(`^id: {10}${key.id}\nname: {8}2024\nstate: {7}active\n`));
    assert.ok(fits(shown), shown);
    assert.is(JSON.parse(await say(`api-key show ${key.id} --json`)).accountId, key.accountId);

    const name = `API key ${key.id} (2024)`;
    assert.is(await say('api-key lock 2024'), `${name} is locked\n`);
    const locked = await call('api-key delete 2024 --yes');
    assert.match(
      locked.stderr,
      /BXNIM0447E: The API key is locked\.\)\nhint: run .*unlock \S+ if it is locked/,
    );
    assert.is(await say('api-key unlock 2024'), `${name} is unlocked\n`);
    assert.is(await say('api-key disable 2024 --yes'), `${name} is disabled\n`);
    assert.is(sandbox.accounts.ownerOfApiKey(key.value), 'disabled');
    assert.is(await say(`api-key enable ${key.id}`), `${name} is enabled\n`);
    const asked = `cannot ask for confirmation without a terminal\nhint: use --yes to delete ${name}`;
    assert.equal(await call('api-key delete 2024'), refusal(asked));
    assert.ok(sandbox.accounts.apiKey(key.id));
    assert.is(await say('api-key delete 2024 --yes'), `${name} is deleted\n`);
    const own = await call('api-key disable jane');
    assert.match(
      own.stderr,
      / \(jane\) is used on this machine by identity jane\n.*cannot ask .* without a terminal\nhint: use --yes/,
    );
    const deleted = await call('api-key delete jane --yes');
    assert.match(deleted.stdout, / \(jane\) is deleted\n$/);
    assert.match(
      deleted.stderr,
      /identity jane has no valid API key\nhint: run docker-credential-icr login --identity jane, or docker-credential-icr logout --identity jane to remove the identity\n$/,
    );
    assert.equal(
      await call('api-key show 2024'),
      refusal('no API key has that name', 'run docker-credential-icr api-key list'),
    );
  }));

test('uses an API key from the environment, and refuses invalid arguments', ({ sandbox }) =>
  inCloud(sandbox, async ({ call }) => {
    const { iamId } = sandbox.accounts.addUser({ name: 'ci' });
    const key = sandbox.accounts.addApiKey({ owner: iamId, name: 'env' });
    const env = { IBMCLOUD_API_KEY: key.value };
    assert.match((await call('api-key list', '', env)).stdout, /env\n$/);
    const rows = [
      ['api-key create --role Reader', /need a service ID\nhint: add --service-id NAME/],
      ['api-key create x --identity y', /only valid with --save\nhint: add --save/],
      ['api-key create x us.icr.io', /only valid with --save\nhint: add --save/],
      ['api-key create x --save --output y', /--save and --output cannot be used together/],
      ['api-key create x --save --identity _', /invalid identity name/],
      [
        'api-key create --service-id ServiceId-none',
        /no service ID ServiceId-none in this account/,
      ],
      ['api-key list --service-id none', /no service ID none in this account/],
      ['api-key list --identity none', /identity none does not exist\nhint: run/],
      ['api-key rotate', /icr\.io uses no identity\nhint: run .* api-key rotate IDENTITY/],
    ] as const;
    for (const [words, expected] of rows) {
      const { stderr, status } = await call(words, '', env);
      assert.match(stderr, expected, words);
      assert.is(status, 1, words);
    }
    assert.is((await call('api-key create x --service-id y --role Owner', '', env)).status, 2);
    assert.is((await call('api-key', '', env)).status, 2);
    assert.is(keysOf(sandbox, iamId).length, 1);
  }));

test.run();
