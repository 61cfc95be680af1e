import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { sandboxSuite } from '../sandbox/suite.ts';
import { type Outcome, refused, unprivilegedHelper } from '../support/helper.ts';
import { inCloud, newKey, type Person } from './identity-cloud.ts';
import { withStandIn } from './race-keychain.ts';

const test = sandboxSuite('single-use refresh tokens');

/** Returns the stored refresh token. */
function kept({ home }: Person, name = 'work'): string | undefined {
  const file = path.join(home.config, 'identities', `${name}.json`);
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')).Secret : undefined;
}

function newest({ accounts }: Sandbox): string | undefined {
  return accounts.refreshTokens().at(-1)?.value;
}

async function logIn(person: Person, { accounts }: Sandbox, words = '--present iambearer') {
  const { value } = accounts.addRefreshToken({ owner: accounts.addUser().iamId, value: newKey() });
  await person.say(`login --identity work --refresh-token-stdin ${words}`, value);
  return value;
}

/** Returns when IAM has received `count` requests. */
async function asked({ requests }: Sandbox, count: number): Promise<void> {
  while (requests.count({ service: 'iam' }) < count) await sleep(5);
}

test('stores the newest token after each use', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const first = await logIn(person, sandbox);
    assert.is.not(kept(person), first);
    assert.is(kept(person), newest(sandbox), 'login uses the token and stores its successor');
    await person.get('us.icr.io');
    assert.is(kept(person), newest(sandbox));
    for (let i = 0; i < 3; i += 1) await person.say('token --refresh');
    assert.is(kept(person), newest(sandbox));
    assert.is(sandbox.requests.count({ grant: 'refresh_token', status: 200 }), 5);
    assert.is(sandbox.requests.count(), 5, 'each token was accepted');
    await person.say('map us.icr.io work --present iamrefresh');
    assert.equal(await person.get('us.icr.io'), {
      username: 'iamrefresh',
      secret: newest(sandbox),
      warnings: '',
    });
    assert.is(sandbox.requests.count(), 5, 'get returns the stored token without a request');
  }));

test('concurrent requests use the token once', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    await logIn(person, sandbox);
    sandbox.requests.reset();
    const answers = await Promise.all([person.get('us.icr.io'), person.get('de.icr.io')]);
    assert.is(answers[0]?.secret, answers[1]?.secret);
    assert.is(sandbox.requests.count(), 1);
    assert.is(kept(person), newest(sandbox));
    const forced = await Promise.all([1, 2, 3].map(() => person.say('token --refresh')));
    assert.not.ok(forced.includes(`${answers[0]?.secret}\n`), 'a new one for all');
    assert.is(sandbox.requests.count({ status: 200 }), sandbox.requests.count());
    assert.is(kept(person), newest(sandbox));
  }));

test('a login during a request keeps its own token', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { accounts, faults, requests } = sandbox;
    await logIn(person, sandbox);
    requests.reset();
    const { promise: until, resolve: release } = Promise.withResolvers<void>();
    faults.add('iam', { kind: 'delay', until });
    const getting = person.get('us.icr.io');
    await asked(sandbox, 1);
    const brought = accounts.addRefreshToken({ owner: accounts.addUser().iamId, value: newKey() });
    await person.say(
      'login --identity work --refresh-token-stdin --present iambearer --no-verify',
      brought.value,
    );
    release();
    await getting;
    assert.is(kept(person), brought.value);
  }));

test('a logout during a request stays effective', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    await logIn(person, sandbox);
    sandbox.requests.reset();
    const { promise: until, resolve: release } = Promise.withResolvers<void>();
    sandbox.faults.add('iam', { kind: 'delay', until });
    const getting = person.call('get', 'us.icr.io');
    await asked(sandbox, 1);
    await person.say('logout');
    release();
    await getting;
    assert.is(kept(person), undefined);
  }));

test('killed before the next token was stored: reports that the session is lost', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { accounts, faults, requests } = sandbox;
    await logIn(person, sandbox);
    const key = accounts.addApiKey({ value: newKey() }).value;
    await person.say('login de.icr.io --identity other --api-key-stdin --no-verify', key);
    const old = kept(person);
    requests.reset();
    const { promise: until, resolve: release } = Promise.withResolvers<void>();
    faults.add('iam', { kind: 'delay', until });
    const { child, outcome } = person.start('get', 'us.icr.io');
    await asked(sandbox, 1);
    child.kill('SIGKILL');
    assert.is((await outcome).status, null);
    // IAM does not respond.
    release();
    while (newest(sandbox) === old) await sleep(5);
    assert.is(kept(person), old);
    assert.equal(
      await person.call('get', 'us.icr.io'),
      refused(
        'us.icr.io: IAM refused the refresh token of identity work (BXNIM0407E: Provided token is invalid.); run docker-credential-icr login --identity work --sso',
      ),
    );
    assert.is((await person.get('de.icr.io')).secret, key, 'and nothing else');
    await logIn(person, sandbox);
    assert.is((await person.get('us.icr.io')).username, 'iambearer');
  }));

test('an API key as iamrefresh: gets one refresh token, and another after half of its lifetime', ({
  sandbox,
}) =>
  inCloud(sandbox, async (person) => {
    const { value } = sandbox.accounts.addApiKey({ value: newKey() });
    await person.say('login --identity work --present iamrefresh --api-key-stdin', value);
    sandbox.requests.reset();
    const { username, secret } = await person.get('us.icr.io');
    assert.equal([username, secret], ['iamrefresh', newest(sandbox)]);
    assert.is((await person.get('us.icr.io')).secret, secret);
    assert.is(sandbox.requests.count(), 1);
    assert.is(kept(person), value, 'the key is the root');
  }));

/** Calls the executable while no secret can be written, as on a full or read-only disk. */
function callWithoutWrites({ home, env }: Person, words: string, input: string): Outcome {
  const folder = path.join(home.config, 'identities');
  fs.mkdirSync(folder, { recursive: true });
  fs.chmodSync(folder, 0o500);
  try {
    return unprivilegedHelper(home, words.split(' '), input, env);
  } finally {
    fs.chmodSync(folder, 0o700);
  }
}

test('does not request a token that cannot be stored', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    await logIn(person, sandbox);
    const before = kept(person);
    sandbox.requests.reset();
    const { stdout, status } = callWithoutWrites(person, 'get', 'us.icr.io');
    assert.match(stdout, /^us\.icr\.io: cannot write /);
    assert.equal([status, sandbox.requests.count(), kept(person)], [1, 0, before]);
    await person.get('us.icr.io');
    assert.is(kept(person), newest(sandbox));
  }));

test('returns a cached token even if the next one cannot be stored', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    await logIn(person, sandbox);
    const { secret } = await person.get('us.icr.io');
    sandbox.requests.reset();
    const { stdout } = callWithoutWrites(person, 'get', 'us.icr.io');
    assert.is(JSON.parse(stdout).Secret, secret);
    assert.is(sandbox.requests.count(), 0);
  }));

test('login: does not use a token if its successor cannot be stored', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { accounts, requests } = sandbox;
    const { value } = accounts.addRefreshToken({
      owner: accounts.addUser().iamId,
      value: newKey(),
    });
    const words = 'login --identity work --refresh-token-stdin';
    const { stderr, status } = callWithoutWrites(person, words, value);
    assert.match(stderr, /cannot write /);
    assert.equal([status, requests.count()], [1, 0]);
    await person.say(words, value);
    assert.is(kept(person), newest(sandbox));
  }));

test('detects a keychain that cannot store before requesting a token', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    await logIn(person, sandbox);
    const { move, search } = withStandIn(person);
    await move();
    sandbox.requests.reset();
    const program = path.join(search.split(':')[0] ?? '', 'docker-credential-osxkeychain');
    const script = fs.readFileSync(program, 'utf8');
    const spoiled = script.replace('exec', '[ "$1" != store ] || { echo locked; exit 1; }\nexec');
    fs.writeFileSync(program, spoiled);
    const { stdout, status } = await person.call('get', 'us.icr.io', { PATH: search });
    assert.match(stdout, /osxkeychain failed: locked/);
    assert.equal([status, sandbox.requests.count()], [1, 0]);
    fs.writeFileSync(program, script);
    await person.get('us.icr.io', { PATH: search });
  }));

test('reports that IAM failed, although the keychain is locked meanwhile', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    await logIn(person, sandbox);
    const { move, search } = withStandIn(person);
    await move();
    sandbox.requests.reset();
    const folder = search.split(':')[0] ?? '';
    const program = path.join(folder, 'docker-credential-osxkeychain');
    const script = fs.readFileSync(program, 'utf8');
    const locks = script.replace(
      'exec',
      `[ ! -e ${folder}/locked ] || { echo locked; exit 1; }\nexec`,
    );
    fs.writeFileSync(program, locks);
    const locked = Promise.withResolvers<void>();
    sandbox.faults.add('iam', { kind: 'status', status: 501, until: locked.promise });
    const { outcome } = person.start('get', 'us.icr.io', { PATH: search });
    await asked(sandbox, 1);
    fs.writeFileSync(path.join(folder, 'locked'), '');
    locked.resolve();
    assert.match((await outcome).stdout, /^us\.icr\.io: IAM at \S+ answered 501/);
  }));

test.run();
