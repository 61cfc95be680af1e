import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { sandboxSuite } from '../sandbox/suite.ts';
import { forEach, inCloud, newKey, refusal, settingsOf } from './identity-cloud.ts';

const test = sandboxSuite('login: whose it is, and what is kept');

const end = '2099-12-31T23:59:00.000Z';

test('an API key: reports the user or service ID, the account and the expiry', ({ sandbox }) =>
  inCloud(sandbox, async ({ say, get }) => {
    const { accounts } = sandbox;
    const user = accounts.addUser({ name: 'Jane Doe', accountId: 'account1' });
    const service = accounts.addServiceId({ name: 'ci', accountId: 'account2' });
    const ofUser = accounts.addApiKey({ owner: user.iamId, value: newKey(), expiresAt: end });
    const ofService = accounts.addApiKey({ owner: service.iamId, value: newKey(), locked: true });
    assert.match(
      await say('login --identity jane --api-key-stdin', `${ofUser.value}\n`),
      /^Logged in as user jane\.doe@example\.com \(account account1\), expires 2099-12-31T23:59:00\.000Z with identity jane; used for all ICR hosts\nnext: docker-credential-icr configure\n$/m,
    );
    assert.match(
      await say('login us.icr.io --identity ci --api-key-stdin', ofService.value),
      /^Logged in as service ID ci \(account account2\) with identity ci; used for us\.icr\.io$/m,
    );
    assert.is((await get('us.icr.io')).secret, ofService.value);
    assert.is((await get('de.icr.io')).secret, ofUser.value);
    // A third login does not take over the hosts of another identity.
    assert.match(
      await say('login --identity more --api-key-stdin', ofService.value),
      /^Logged in as .* with identity more; not used for any host yet\nnext: docker-credential-icr map HOST more$/m,
    );
    assert.match(
      await say('login --identity ci --api-key-stdin', ofUser.value),
      /^Logged in as user .* with identity ci; used for us\.icr\.io$/m,
      'a second login of an identity reports the hosts that use it',
    );
  }));

test('--api-key-file: reads the JSON of the ibmcloud CLI, and refuses other files', ({ sandbox }) =>
  inCloud(sandbox, async ({ home, say, call, get }) => {
    const { value } = sandbox.accounts.addApiKey({ value: newKey() });
    const file = path.join(home.folder, 'key.json');
    const whole = JSON.stringify({ name: 'ci', apikey: value, locked: false });
    fs.writeFileSync(file, whole);
    await say('login us.icr.io --api-key-file key.json');
    assert.is((await get('us.icr.io')).secret, value);
    await say('login de.icr.io --api-key-stdin', whole);
    assert.is((await get('de.icr.io')).secret, value, 'the file on standard input');
    for (const text of ['', whole.slice(0, -9), '{"apikey":""}', '{}', `${value} ${value}`]) {
      fs.writeFileSync(file, text);
      const hint = 'use a file that ibmcloud iam api-key-create --file wrote';
      const outcome = await call('login --api-key-file key.json');
      assert.equal(outcome, refusal('no API key in key.json', hint), text);
    }
  }));

test('--api-key-file: reads a pipe, and refuses an endless device', ({ sandbox }) =>
  inCloud(sandbox, async ({ home, say, call, get }) => {
    const { value } = sandbox.accounts.addApiKey({ value: newKey() });
    execFileSync('mkfifo', [path.join(home.folder, 'pipe')]);
    const writer = spawn('sh', ['-c', 'cat >pipe'], { cwd: home.folder });
    writer.stdin.end(value);
    try {
      await say('login us.icr.io --api-key-file pipe');
    } finally {
      // It waits for a reader if the login never opened the pipe.
      writer.kill();
    }
    assert.is((await get('us.icr.io')).secret, value);
    const message = 'the API key contains a character that is not allowed';
    const outcome = await call('login --api-key-file /dev/zero');
    assert.equal(outcome, refusal(message, 'check the API key'));
  }));

test('without --identity: creates one identity for each host', ({ sandbox }) =>
  inCloud(sandbox, async ({ home, say, get }) => {
    const [first, second] = [newKey(), newKey()];
    await say('login us.icr.io de.icr.io/team --no-verify --api-key-stdin', first);
    await say('login --no-verify --api-key-stdin', second);
    assert.equal(Object.keys(settingsOf(home).identities), [
      'us.icr.io',
      'de.icr.io/team',
      'default',
    ]);
    assert.is((await get('us.icr.io')).secret, first);
    assert.is((await get('de.icr.io/team/image')).secret, first);
    assert.is((await get('de.icr.io')).secret, second);
  }));

test('a refresh token: reports the owner of the session', ({ sandbox }) =>
  inCloud(sandbox, async ({ say, get }) => {
    const user = sandbox.accounts.addUser({ name: 'Jane Roe' });
    const { value } = sandbox.accounts.addRefreshToken({ owner: user.iamId, value: newKey() });
    const said = await say('login --identity roe --refresh-token-stdin', value);
    assert.match(
      said,
      `Logged in as user ${user.sub} (account ${user.accountId}) with identity roe; `,
    );
    assert.is((await get('us.icr.io')).username, 'iamrefresh');
  }));

test('an API key without permission to read its own details: logs in', ({ sandbox }) =>
  inCloud(sandbox, async ({ say }) => {
    const { value } = sandbox.accounts.addApiKey({ value: newKey(), expiresAt: end });
    sandbox.faults.add('iam', { kind: 'status', status: 403, path: '/v1/apikeys/details' });
    const said = await say('login --identity ci --api-key-stdin', value);
    assert.match(said, /^Logged in as user \S+ \(account \w+\) with identity ci; /m);
  }));

test('--present: preserved at the next login, and reported', ({ sandbox }) =>
  inCloud(sandbox, async ({ say, get }) => {
    const { value } = sandbox.accounts.addApiKey({ value: newKey() });
    const login = 'login --api-key-stdin';
    const kept = 'clients still get the user name iambearer; --present changes it\n';
    assert.not.match(await say(`${login} --present iambearer`, value), 'still get');
    assert.match(await say(login, value), kept);
    assert.is((await get('us.icr.io')).username, 'iambearer');
    assert.not.match(await say(`${login} --present iamapikey`, value), 'still get');
    assert.not.match(await say(login, value), 'iambearer');
  }));

test('the next step is reported only if it is not done', ({ sandbox }) =>
  inCloud(sandbox, async ({ say }) => {
    const login = 'login --no-verify --api-key-stdin';
    assert.match(await say('configure us.icr.io'), '\nnext: docker-credential-icr login\n');
    assert.not.match(await say(login, newKey()), 'next:');
    assert.not.match(await say('configure us.icr.io'), 'next:');
    await say('configure --remove');
    assert.match(await say(login, newKey()), '\nnext: docker-credential-icr configure\n');
  }));

const inputs: readonly [words: string, input: string, line: string, hint?: string][] = [
  ['--api-key-stdin', '', 'the API key is empty', 'check the API key'],
  ['--api-key-stdin', ' \n', 'the API key is empty', 'check the API key'],
  [
    '--api-key-stdin',
    'canary canary',
    'no API key on standard input',
    'pass only the API key, or the file that ibmcloud iam api-key-create --file wrote',
  ],
  [
    '--api-key-stdin',
    'canary\u0001',
    'the API key contains a character that is not allowed',
    'check the API key',
  ],
  [
    '--api-key-stdin',
    '"canary"',
    'the API key starts or ends with a quotation mark (")',
    'check the API key',
  ],
  [
    '--api-key-stdin',
    '$IBMCLOUD_API_KEY',
    'the API key contains a reference to IBMCLOUD_API_KEY that was not expanded',
    'check the API key',
  ],
  ['--refresh-token-stdin', '', 'standard input is empty', 'pass the refresh token'],
  [
    '--refresh-token-stdin',
    'canary canary',
    'the refresh token contains a space or a character that is not allowed',
    'check the refresh token',
  ],
  ['--entitlement-key-stdin', '\n', 'standard input is empty', 'pass the entitlement key'],
  ['--registry-token-stdin', 'canary', 'the token is not a JWT'],
  [
    '--api-key-stdin --sso',
    '',
    '--api-key-stdin and --sso cannot be used together',
    'use one of them',
  ],
  [
    '--api-key-stdin --api-key-file x',
    '',
    '--api-key-stdin and --api-key-file cannot be used together',
    'use one of them',
  ],
  [
    '--trusted-profile Profile-x --sso',
    '',
    '--trusted-profile and --sso cannot be used together',
    'use one of them',
  ],
  [
    '--trusted-profile nodes --no-verify',
    '',
    'invalid trusted profile ID; expected Profile-…',
    'run ibmcloud iam trusted-profiles to list the IDs',
  ],
  [
    'us.icr.io --entitlement-key-stdin',
    'canary',
    'entitlement keys cannot be used for us.icr.io',
    'use cp.icr.io, the only host that accepts them',
  ],
];

test('invalid combinations: refused before a prompt or a request', ({ sandbox }) =>
  forEach(inputs, ([words, input, line, hint]) =>
    inCloud(sandbox, async ({ home, call }) => {
      assert.equal(await call(`login ${words}`, input), refusal(line, hint), words);
      assert.not.ok(fs.existsSync(path.join(home.config, 'identities')));
      assert.is(sandbox.requests.count(), 0);
    }),
  ));

test('a short key: stored with a warning', ({ sandbox }) =>
  inCloud(sandbox, async ({ call, get }) => {
    const { stderr } = await call('login --no-verify --api-key-stdin', 'canary-short');
    assert.is(stderr, "docker-credential-icr: the API key has 12 characters; IBM's have 44\n");
    assert.is((await get('us.icr.io')).secret, 'canary-short');
  }));

test.run();
