import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { sandboxSuite } from '../sandbox/suite.ts';
import { refused } from '../support/helper.ts';
import { addIdentity, inCloud, newKey, type Person } from './identity-cloud.ts';

const test = sandboxSuite('concurrent clients with an empty token cache');

async function addBearer(person: Person, key: string): Promise<void> {
  addIdentity(person, 'work', { present: 'iambearer' }, key);
  await person.say('map * work');
}

/** Runs `get` in `count` processes. */
function getAtOnce(person: Person, count: number) {
  return Array.from({ length: count }, () => person.start('get', 'us.icr.io'));
}

/** Returns when IAM has received a request; the lock records the requesting process. */
async function minterOf({ home }: Person, { requests }: Sandbox): Promise<number> {
  const lock = path.join(home.folder, '.cache/docker-credential-icr/work.lock');
  while (requests.count() === 0) await sleep(5);
  const [turn = ''] = fs.readdirSync(lock);
  return JSON.parse(fs.readFileSync(path.join(lock, turn), 'utf8')).holder.pid;
}

/** Returns when the process has slept in 15 of the samples: until it waits for IAM or the lock, it runs or is runnable. */
async function isWaiting(pid: number | undefined): Promise<void> {
  for (let asleep = 0; asleep < 15; await sleep(20)) {
    if (/\) S/.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'))) asleep += 1;
  }
}

test('64 processes get one token with one request to IAM', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    await addBearer(person, sandbox.accounts.addApiKey({ value: newKey() }).value);
    sandbox.faults.add('iam', { kind: 'delay', delayMs: 300, times: 'forever' });
    const outcomes = await Promise.all(getAtOnce(person, 64).map(({ outcome }) => outcome));
    const [first] = outcomes;
    assert.match(first?.stdout ?? '', /"Username":"iambearer","Secret":"eyJ/);
    for (const outcome of outcomes) assert.equal(outcome, first);
    assert.is(first?.stderr, '');
    assert.is(sandbox.requests.count(), 1);
  }));

test('all processes report one refusal', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    await addBearer(person, newKey());
    const { promise: until, resolve: refuse } = Promise.withResolvers<void>();
    sandbox.faults.add('iam', { kind: 'delay', until });
    const all = getAtOnce(person, 12);
    await Promise.all(all.map(({ child }) => isWaiting(child.pid)));
    refuse();
    const outcomes = await Promise.all(all.map(({ outcome }) => outcome));
    const line =
      'us.icr.io: IAM refused the API key of identity work (BXNIM0415E: Provided API key could not be found.); run docker-credential-icr login --identity work';
    for (const outcome of outcomes) assert.equal(outcome, refused(line));
    assert.is(sandbox.requests.count(), 1);
  }));

test('if the requesting process is killed, the others recover with one more request', ({
  sandbox,
}) =>
  inCloud(sandbox, async (person) => {
    await addBearer(person, sandbox.accounts.addApiKey({ value: newKey() }).value);
    sandbox.faults.add('iam', { kind: 'hang' });
    const all = getAtOnce(person, 12);
    const minter = await minterOf(person, sandbox);
    process.kill(minter, 'SIGKILL');
    const outcomes = await Promise.all(all.map(({ outcome }) => outcome));
    assert.is(outcomes.filter(({ status }) => status === null).length, 1);
    const answers = outcomes.filter(({ status }) => status === 0).map(({ stdout }) => stdout);
    assert.is(answers.length, 11);
    assert.is(new Set(answers).size, 1);
    assert.is(sandbox.requests.count(), 2);
  }));

test('a stale lock of a killed process does not delay others', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    await addBearer(person, sandbox.accounts.addApiKey({ value: newKey() }).value);
    sandbox.faults.add('iam', { kind: 'hang' });
    const [killed] = getAtOnce(person, 1);
    process.kill(await minterOf(person, sandbox), 'SIGKILL');
    await killed?.outcome;
    assert.is((await person.get('us.icr.io')).warnings, '');
    assert.is(sandbox.requests.count(), 2);
  }));

test('identities do not wait for each other', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    await addBearer(person, sandbox.accounts.addApiKey({ value: newKey() }).value);
    const other = sandbox.accounts.addApiKey({ value: newKey() }).value;
    addIdentity(person, 'other', { present: 'iambearer' }, other);
    await person.say('map de.icr.io other');
    sandbox.faults.add('iam', { kind: 'hang' });
    const [waiting] = getAtOnce(person, 1);
    const minter = await minterOf(person, sandbox);
    assert.is((await person.get('de.icr.io')).username, 'iambearer');
    process.kill(minter, 'SIGKILL');
    assert.is((await waiting?.outcome)?.status, null);
  }));

test.run();
