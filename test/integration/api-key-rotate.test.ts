import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { fileOf } from '../../src/secrets/credential-file.ts';
import type { ApiKey } from '../sandbox/api-keys.ts';
import type { Fault } from '../sandbox/faults.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { type SandboxContext, sandboxSuite } from '../sandbox/suite.ts';
import { stoppedCommand } from '../support/bundle.ts';
import { collect, type Outcome } from '../support/helper.ts';
import { snapshot, writeConfig } from '../support/home.ts';
import { claimsOf } from '../support/jwt.ts';
import { addUserWithKey, keysOf } from './api-key-world.ts';
import {
  addIdentity,
  changeSettings,
  inCloud,
  newKey,
  type Person,
  settingsOf,
} from './identity-cloud.ts';

const test = sandboxSuite('api-key rotate');

/** Stores one API key three times: as two identities and with `docker login`. */
function addThreefold(sandbox: Sandbox, person: Person): ApiKey {
  const key = addUserWithKey(sandbox, person, 'jane');
  addIdentity(person, 'de.icr.io', {}, key.value);
  changeSettings(person.home, (settings) => ({
    ...settings,
    mappings: { ...settings.mappings, 'de.icr.io': { identity: 'de.icr.io' } },
  }));
  const stored = { ServerURL: 'r.example', Username: 'iamapikey', Secret: key.value };
  writeConfig(person.home, 'hosts/r.example.json', JSON.stringify(stored));
  return key;
}

const hosts = ['us.icr.io', 'de.icr.io', 'r.example'];

/** Requires that the registry accepts the credential of each host; returns the distinct secrets. */
async function requireSignIn({ askRegistry }: SandboxContext, person: Person): Promise<string[]> {
  const secrets = new Set<string>();
  for (const host of hosts) {
    const { username = '', secret } = await person.get(host);
    const { status } = await askRegistry('/oauth/token?service=registry', {
      basic: [username, secret],
    });
    assert.is(status, 200, `${host} at the registry`);
    secrets.add(secret);
  }
  return [...secrets];
}

/** Requires that every host can sign in, and that another rotation leaves one key and nothing pending. */
async function requireRecovery(given: SandboxContext, person: Person, old: ApiKey): Promise<void> {
  await requireSignIn(given, person);
  await person.say('api-key rotate jane');
  const secrets = await requireSignIn(given, person);
  const keys = keysOf(given.sandbox, old.iamId);
  assert.equal(
    keys.map(({ value }) => value),
    secrets,
  );
  assert.is.not(keys[0]?.id, old.id);
  assert.is(keys[0]?.name, 'jane');
  const kept = Object.keys(snapshot(path.join(person.home.config, 'identities')));
  // Temporary files of a killed process are removed a minute later.
  const names = kept.filter((name) => !name.endsWith('.tmp'));
  assert.equal(names, ['de.icr.io.json', 'jane.json']);
}

test('replaces every copy of the key and deletes the old key', async (given) => {
  const { sandbox } = given;
  await inCloud(sandbox, async (person) => {
    const old = addThreefold(sandbox, person);
    const said = await person.say('api-key rotate');
    const [key, ...others] = keysOf(sandbox, old.iamId);
    assert.equal(others, []);
    assert.equal(await requireSignIn(given, person), [key?.value]);
    assert.match(String(key?.value), /^[\w-]{44}$/);
    assert.is(
      said,
      `created API key ${key?.id} (jane)
IAM accepts the new key
also replaced the key that docker login stored for r.example
also replaced the same key of identity de.icr.io
identity jane uses the new key
the old API key ${old.id} is deleted
`,
    );
  });
});

test('preserves the presentation, the profile and the expiry of an identity', async (given) => {
  const { sandbox } = given;
  await inCloud(sandbox, async (person) => {
    const old = addUserWithKey(sandbox, person, 'jane');
    const leftMs = 30 * 24 * 3_600_000;
    const end = new Date(Date.now() + leftMs).toISOString();
    sandbox.accounts.changeApiKey({ key: old.id, expiresAt: end, description: 'of jane' });
    const profile = sandbox.accounts.addTrustedProfile({ assumableBy: [old.iamId] });
    const settings = { present: 'iambearer', profile: profile.sub };
    addIdentity(person, 'jane', settings, old.value);
    const before = (await person.get('us.icr.io')).secret;
    await person.say('api-key rotate jane');

    const { present, profile: kept, expiresAt = 0 } = settingsOf(person.home).identities.jane ?? {};
    assert.equal({ present, profile: kept }, settings);
    assert.ok(Math.abs(expiresAt - Date.now() - leftMs) < 120_000, String(expiresAt));
    const [key] = keysOf(sandbox, old.iamId);
    assert.equal([key?.name, key?.description], ['jane', 'of jane']);
    const { secret } = await person.get('us.icr.io');
    assert.is.not(secret, before);
    assert.is(claimsOf(secret).sub, profile.sub);
  });
});

test('uses another identity if the service ID has no permission', async ({ sandbox }) => {
  await inCloud(sandbox, async (person) => {
    addUserWithKey(sandbox, person, 'jane');
    const made = await person.call('api-key create --service-id robot --save --identity ci');
    assert.is(made.status, 0, made.stderr);
    const old = (await person.call('exec us.icr.io -- true')).status;
    assert.is(old, 0);
    await person.say('api-key rotate ci --as jane');
    const robot = sandbox.accounts.subjects().find(({ name }) => name === 'robot');
    assert.is(keysOf(sandbox, robot?.iamId ?? '').length, 1);
    assert.is(settingsOf(person.home).identities.ci?.owner, 'service ID robot');
  });
});

test('refuses a locked key, and resumes if it was locked during the rotation', async (given) => {
  const { sandbox } = given;
  await inCloud(sandbox, async (person) => {
    const old = addThreefold(sandbox, person);
    await person.say(`api-key lock ${old.id}`);
    const { stderr } = await person.call('api-key rotate');
    assert.match(stderr, /is locked and cannot be deleted\nhint: run .* rotate jane --unlock, /);
    assert.equal(keysOf(sandbox, old.iamId).length, 1);

    await person.say(`api-key unlock ${old.id}`);
    failAt(sandbox, 6, { kind: 'status', status: 409 });
    const late = await person.call('api-key rotate');
    assert.match(
      late.stderr,
      /^docker-credential-icr: identity jane uses the new key, but the old/,
    );
    const said = await person.say('api-key rotate');
    assert.match(said, /^continuing the interrupted rotation of identity jane\n/);
    assert.match(said, /is deleted\n$/);
    await requireRecovery(given, person, old);
  });
});

test('completes an interrupted rotation after a new login', async (given) => {
  const { sandbox } = given;
  await inCloud(sandbox, async (person) => {
    const old = addThreefold(sandbox, person);
    failAt(sandbox, 4, { kind: 'status', status: 403 });
    assert.is((await person.call('api-key rotate')).status, 1);
    assert.is(keysOf(sandbox, old.iamId).length, 2);
    const { value } = sandbox.accounts.addApiKey({ owner: old.iamId, name: 'by hand' });
    await person.say('login --identity jane --api-key-stdin', value);
    const said = await person.say('api-key rotate jane');
    assert.match(said, /^deleted API key ApiKey-\S+, created by an interrupted rotation\n/);
    const names = keysOf(sandbox, old.iamId).map(({ name }) => name);
    assert.equal(names, ['jane', 'by hand']);
    await requireSignIn(given, person);
  });
});

test('goes on with a key that IAM creates late for an interrupted rotation', async ({
  sandbox,
}) => {
  await inCloud(sandbox, async (person) => {
    const { iamId: owner } = addUserWithKey(sandbox, person, 'jane');
    const created = Promise.withResolvers<void>();
    const path = '/v1/apikeys';
    sandbox.faults.add('iam', { kind: 'delay', delayMs: 0, path });
    sandbox.faults.add('iam', { kind: 'delay', until: created.promise, path });
    sandbox.requests.reset();
    const { outcome } = person.start('api-key rotate jane');
    while (sandbox.requests.count({ method: 'POST', path }) === 0) await sleep(5);
    const value = readCredential(person, 'jane (rotating)');
    const late = sandbox.accounts.addApiKey({ owner, name: 'jane', value });
    created.resolve();
    const { status, stderr } = await outcome;
    assert.equal([status, stderr], [0, '']);
    assert.equal(
      keysOf(sandbox, owner).map(({ id }) => id),
      [late.id],
    );
    assert.is(readCredential(person, 'jane'), value);
  });
});

function readCredential({ home }: Person, name: string): string {
  const file = fileOf(home.config, { of: 'identity', name });
  return JSON.parse(fs.readFileSync(file, 'utf8')).Secret;
}

test('two concurrent rotations run one after the other', async (given) => {
  const { sandbox } = given;
  await inCloud(sandbox, async (person) => {
    const old = addThreefold(sandbox, person);
    const outcomes = await Promise.all([
      person.call('api-key rotate jane'),
      person.call('api-key rotate de.icr.io'),
    ]);
    assert.equal(
      outcomes.map(({ status, stderr }) => [status, stderr]),
      [
        [0, ''],
        [0, ''],
      ],
    );
    const keys = keysOf(sandbox, old.iamId);
    assert.equal(
      keys.map(({ value }) => value),
      await requireSignIn(given, person),
    );
  });
});

test('logout removes an unfinished rotation', async ({ sandbox }) => {
  await inCloud(sandbox, async (person) => {
    const old = addUserWithKey(sandbox, person, 'jane');
    await person.say('login us.icr.io --api-key-stdin', old.value);
    failAt(sandbox, 3, { kind: 'cut-off' });
    assert.is((await person.call('api-key rotate us.icr.io')).status, 1);
    const kept = () => fs.readdirSync(path.join(person.home.config, 'identities')).sort();
    assert.is(kept().filter((name) => name.includes('rotating')).length, 1);
    const said = await person.say('logout us.icr.io');
    assert.match(said, /^deleted API key ApiKey-\S+, created by an interrupted command$/m);
    assert.equal(kept(), ['jane.json']);
    assert.equal(
      keysOf(sandbox, old.iamId).map(({ id }) => id),
      [old.id],
    );
  });
});

test('logout keeps the record of a key that IAM did not delete, and a later logout deletes it', async ({
  sandbox,
}) => {
  await inCloud(sandbox, async (person) => {
    const old = addUserWithKey(sandbox, person, 'jane');
    // The check of the new key, which has been created and recorded by then.
    failAt(sandbox, 4, { kind: 'status', status: 403 });
    assert.is((await person.call('api-key rotate jane')).status, 1);
    const made = keysOf(sandbox, old.iamId).find(({ id }) => id !== old.id);
    await person.say(`api-key lock ${made?.id}`);
    const { stdout, stderr, status } = await person.call('logout');
    assert.match(stdout, /^logged out of all ICR hosts/);
    assert.match(stderr, `the API key ${made?.id} that an interrupted command created`);
    assert.match(stderr, `run docker-credential-icr api-key delete ${made?.id}, then`);
    assert.is(status, 1);
    const doctor = await person.call('doctor');
    assert.match(doctor.stdout, /: removed, but an API key that was created for it/);

    await person.say('login --identity admin --api-key-stdin', old.value);
    await person.say(`api-key unlock ${made?.id}`);
    const said = await person.say('logout --identity jane');
    assert.match(said, `deleted API key ${made?.id}`);
    assert.equal(
      keysOf(sandbox, old.iamId).map(({ id }) => id),
      [old.id],
    );
    assert.not.match((await person.call('doctor')).stdout, /an API key that was created for it/);
  });
});

test('warns that an environment variable still contains the old key', async ({ sandbox }) => {
  await inCloud(sandbox, async (person) => {
    const old = addUserWithKey(sandbox, person, 'jane');
    const env = { DOCKER_CREDENTIAL_ICR_API_KEY: old.value };
    const { stderr, status } = await person.call('api-key rotate jane', '', env);
    assert.is(status, 0);
    assert.match(
      stderr,
      /DOCKER_CREDENTIAL_ICR_API_KEY still contains the old key\nhint: run unset/,
    );
    addIdentity(person, 'licence', { kind: 'entitlement-key' });
    const other = await person.call('api-key rotate licence');
    assert.match(
      other.stderr,
      /identity licence \(kind entitlement-key\) does not use an API key\nhint: use/,
    );
  });
});

/** Makes the nth request to IAM fail. */
function failAt({ faults }: Sandbox, number: number, fault: Fault): void {
  if (number > 1) faults.add('iam', { kind: 'delay', delayMs: 0, times: number - 1 });
  faults.add('iam', fault);
}

/** Repeats the rotation with a fault one step later each time, until a run finishes without a fault. */
async function atEveryStep(
  given: SandboxContext,
  rotate: (person: Person, step: number) => Promise<Outcome>,
  isOver: (outcome: Outcome, step: number) => boolean,
): Promise<number> {
  const { faults, requests } = given.sandbox;
  for (let step = 1; ; step += 1) {
    assert.ok(step < 100, 'a run without a fault finishes');
    let over = false;
    await inCloud(given.sandbox, async (person) => {
      const old = addThreefold(given.sandbox, person);
      requests.reset();
      const outcome = await rotate(person, step);
      over = isOver(outcome, step);
      faults.clear();
      assert.not.match(outcome.stderr, /internal error/);
      await requireRecovery(given, person, old);
    });
    if (over) return step - 1;
  }
}

for (const present of ['iambearer', 'iamrefresh']) {
  for (const isReplaced of [true, false]) {
    const outcome = isReplaced ? 'uses the new key' : 'fails';
    test(`a get as ${present} whose key is deleted during the request ${outcome}`, async ({
      sandbox,
    }) =>
      inCloud(sandbox, async (person) => {
        const { accounts, faults, requests } = sandbox;
        const old = addUserWithKey(sandbox, person, 'jane');
        addIdentity(person, 'jane', { present }, old.value);
        const { promise: until, resolve: release } = Promise.withResolvers<void>();
        faults.add('iam', { kind: 'delay', until });
        const getting = person.call('get', 'us.icr.io');
        while (requests.count({ service: 'iam' }) === 0) await sleep(5);
        // The steps of a rotation, in order.
        const next = accounts.addApiKey({ value: newKey(), name: 'jane', owner: old.iamId });
        if (isReplaced) addIdentity(person, 'jane', { present, secretSetAt: 2 }, next.value);
        accounts.removeApiKey({ key: old.id });
        release();
        const { stdout, status } = await getting;
        const asked = requests.count({ service: 'iam', grant: 'apikey' });
        if (!isReplaced) {
          assert.match(stdout, 'IAM refused the API key of identity jane');
          return assert.equal([status, asked], [1, 1]);
        }
        assert.equal([JSON.parse(stdout).Username, status, asked], [present, 0, 2]);
      }));
  }
}

const failures: readonly (readonly [event: string, fault: Fault])[] = [
  ['IAM refuses a request', { kind: 'status', status: 403 }],
  ['IAM truncates a response', { kind: 'cut-off' }],
  ['IAM drops a request', { kind: 'drop' }],
  ['it is killed during a request', { kind: 'hang' }],
  ['it is killed after IAM has processed a request', { kind: 'mute' }],
];
for (const [event, fault] of failures) {
  const killed = fault.kind === 'hang' || fault.kind === 'mute';
  test(`recovers at every step if ${event}`, async (given) => {
    const { sandbox } = given;
    const asked = () => sandbox.requests.count({ service: 'iam' });
    const rotate = (person: Person, step: number) => {
      failAt(sandbox, step, fault);
      const { child, outcome } = person.start('api-key rotate jane');
      const timer = setInterval(() => {
        if (killed && asked() >= step) child.kill('SIGKILL');
      }, 5);
      return outcome.finally(() => clearInterval(timer));
    };
    const steps = await atEveryStep(given, rotate, (_, step) => asked() < step);
    assert.ok(steps >= 6, `${steps} steps`);
  });
}

test('recovers if it is killed before any change to a file', async (given) => {
  const rotate = ({ env, home }: Person, step: number) => {
    const words = [String(step), 'api-key', 'rotate', 'jane'];
    const RACE_SIGNAL = 'SIGKILL';
    const child = spawn(stoppedCommand(), words, { env: { ...home.env, ...env, RACE_SIGNAL } });
    return collect(child);
  };
  const steps = await atEveryStep(given, rotate, ({ status }) => status === 0);
  assert.ok(steps >= 8, `${steps} steps`);
});

test.run();
