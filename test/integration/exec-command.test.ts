import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { sandboxSuite } from '../sandbox/suite.ts';
import { collect, executable, type Outcome } from '../support/helper.ts';
import { writeConfig } from '../support/home.ts';
import { claimsOf } from '../support/jwt.ts';
import { addIdentity, forEach, inCloud, newKey, type Person, refusal } from './identity-cloud.ts';

const test = sandboxSuite('exec HOST -- COMMAND');

/** Starts a shell script with `exec us.icr.io`. */
function start({ home, env }: Person, script: string): ChildProcess {
  const words = ['exec', 'us.icr.io', '--', 'sh', '-c', script];
  return spawn(executable, words, { env: { ...home.env, ...env }, cwd: home.folder });
}

async function run(person: Person, script: string, input = ''): Promise<Outcome> {
  const child = start(person, script);
  child.stdin?.end(input);
  return collect(child);
}

test('passes the credential in the environment, and the standard streams unchanged', ({
  sandbox,
}) =>
  inCloud(sandbox, async (person) => {
    const key = addIdentity(person, 'work');
    await person.say('map us.icr.io work');
    const script = 'echo "$ICR_USERNAME $ICR_PASSWORD $CF_DOCKER_PASSWORD"; cat; echo oops >&2';
    assert.equal(await run(person, script, 'its input'), {
      stdout: `iamapikey ${key} ${key}\nits input`,
      stderr: 'oops\n',
      status: 0,
    });
    await person.say('map us.icr.io/team-a work --present iambearer');
    const { value } = sandbox.accounts.addApiKey({ value: newKey() });
    addIdentity(person, 'work', {}, value);
    const printed = await person.call(
      'exec us.icr.io/team-a -- printenv ICR_USERNAME ICR_PASSWORD',
    );
    const [username, token = ''] = printed.stdout.split('\n');
    assert.is(username, 'iambearer');
    assert.ok(claimsOf(token).sub);
  }));

test('a credential that no environment can hold is not shown', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    for (const field of ['Username', 'Secret']) {
      const credential = { ServerURL: 'us.icr.io', Username: 'jane', Secret: 'canary-of-exec' };
      const stored = { ...credential, [field]: 'canary\0of-exec' };
      writeConfig(person.home, 'hosts/us.icr.io.json', JSON.stringify(stored));
      const debugged = { ...person, env: { ...person.env, DOCKER_CREDENTIAL_ICR_DEBUG: '1' } };
      const { stdout, stderr, status } = await run(debugged, 'echo was run');
      assert.equal([stdout, status], ['', 1]);
      assert.match(stderr, 'the credential for us.icr.io contains a NUL character');
      assert.not.match(stderr, /canary|internal error/);
    }
  }));

test('cf push takes the password from CF_DOCKER_PASSWORD', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const key = addIdentity(person, 'work');
    await person.say('map us.icr.io work');
    const script =
      '#!/bin/sh\necho "$*"\ntest -n "$CF_DOCKER_PASSWORD" && printf %s "$CF_DOCKER_PASSWORD"';
    fs.writeFileSync(path.join(person.home.folder, 'cf'), script, { mode: 0o755 });
    const push = './cf push app -o us.icr.io/ns/image --docker-username "$ICR_USERNAME"';
    assert.equal(await run(person, push), {
      stdout: `push app -o us.icr.io/ns/image --docker-username iamapikey\n${key}`,
      stderr: '',
      status: 0,
    });
  }));

const statuses: readonly [script: string, status: number][] = [
  ['exit 0', 0],
  ['exit 7', 7],
  ['exit 255', 255],
  ['kill -TERM $$', 128 + 15],
  ['kill -KILL $$', 128 + 9],
  ['exec no-such-command 2>&1', 127],
];

test('returns the exit status of the command', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    addIdentity(person, 'work');
    await person.say('map us.icr.io work');
    await forEach(statuses, async ([script, status]) =>
      assert.is((await run(person, script)).status, status, script),
    );
  }));

for (const search of ['.:/usr/bin:/bin', ':/usr/bin:/bin', '/usr/bin::/bin', './bin:/usr/bin']) {
  test(`PATH=${search}: does not run a program of the current directory`, ({ sandbox }) =>
    inCloud(sandbox, async (person) => {
      addIdentity(person, 'work');
      await person.say('map us.icr.io work');
      fs.mkdirSync(path.join(person.home.folder, 'bin'));
      for (const name of ['planted', 'bin/planted'])
        fs.writeFileSync(path.join(person.home.folder, name), '#!/bin/sh\n', { mode: 0o755 });
      const outcome = await person.call('exec us.icr.io -- planted', '', { PATH: search });
      assert.equal(outcome, { ...refusal('cannot run planted (ENOENT)'), status: 127 });
      assert.is((await person.call('exec us.icr.io -- ./planted')).status, 0);
    }));
}

const signals = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

test('forwards signals to the command, which may continue', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    addIdentity(person, 'work');
    await person.say('map us.icr.io work');
    await forEach(signals, async (signal) => {
      const name = signal.slice(3);
      const script = `trap 'echo got; exit 3' ${name}; echo ready; while :; do sleep 0.05; done`;
      const child = start(person, script);
      const outcome = collect(child);
      if (child.stdout !== null) await once(child.stdout, 'data');
      child.kill(signal);
      assert.equal(await outcome, { stdout: 'ready\ngot\n', stderr: '', status: 3 }, signal);
    });
  }));

const refusals: readonly [words: string, status: number, line: string, hint?: string][] = [
  ['exec us.icr.io', 1, 'no command to run', 'put it after --'],
  ['exec us.icr.io --', 1, 'no command to run', 'put it after --'],
  ['exec us.icr.io ls', 2, 'unknown argument: ls', 'see docker-credential-icr exec --help'],
  ['exec us.icr.io -- ./no-such-command', 127, 'cannot run ./no-such-command (ENOENT)'],
  ['exec us.icr.io -- /', 126, 'cannot run / (EACCES)'],
  [
    'exec quay.io -- ls',
    1,
    'quay.io is not a host of IBM Cloud Container Registry',
    'use a host that ends in icr.io',
  ],
  ['exec de.icr.io -- ls', 1, 'no credential for de.icr.io', 'run docker-credential-icr login'],
];

test('runs nothing if it refuses the arguments', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    addIdentity(person, 'work');
    await person.say('map us.icr.io work');
    await forEach(refusals, async ([words, status, line, hint]) =>
      assert.equal(await person.call(words), { ...refusal(line, hint), status }),
    );
  }));

test.run();
