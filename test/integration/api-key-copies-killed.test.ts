import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { fileOf } from '../../src/secrets/credential-file.ts';
import type { ApiKey } from '../sandbox/api-keys.ts';
import type { Fault } from '../sandbox/faults.ts';
import { type SandboxContext, sandboxSuite } from '../sandbox/suite.ts';
import { stoppedCommand } from '../support/bundle.ts';
import { collect, type Outcome } from '../support/helper.ts';
import { base64, onlyNewKey, read, write } from './api-key-copies-world.ts';
import { addUserWithKey } from './api-key-world.ts';
import { forEach, inCloud, type Person } from './identity-cloud.ts';

// A rotation with copies in a file, in a Secret and behind a command is killed at each of its steps. At every moment each
// copy must contain a key that IAM accepts, and a second run must leave one key, everywhere.

const test = sandboxSuite('api-key rotate --to, killed');

/**
 * Stand-ins for kubectl and for a command. Each call is counted; at the call `$KILL_CALL`, the stand-in kills its parent
 * before (`$KILL_AT` is `start`) or after its work.
 */
const common = `#!/bin/sh
cd "\${0%/*}/.."
echo >>calls
[ "$(wc -l <calls)" -eq "\${KILL_CALL:-0}" ] && kill=$KILL_AT
[ "$kill" = start ] && kill -9 $PPID
`;
const end = '\n[ "$kill" = end ] && kill -9 $PPID\nexit 0\n';
const kubectl = `${common}case "$*" in
*current-context*) echo main;;
*replace*) cat >secret.new && mv secret.new secret.json;;
*) cat secret.json;;
esac${end}`;
const sink = `${common}cat >sink.new && mv sink.new sink${end}`;

interface World {
  readonly person: Person;
  readonly old: ApiKey;
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

function prepare({ sandbox }: SandboxContext, person: Person): World {
  const { folder } = person.home;
  const old = addUserWithKey(sandbox, person, 'jane');
  write(person, 'bin/kubectl', kubectl, 0o755);
  const program = write(person, 'bin/sink', sink, 0o755);
  const file = write(person, 'app.env', `A=b\nKEY=${old.value}\n`);
  write(person, 'sink', old.value);
  const secret = { kind: 'Secret', data: { key: base64(old.value), other: 'eA==' } };
  write(person, 'secret.json', JSON.stringify(secret));
  const targets = [`file:${file}`, 'kubernetes://build/icr', `command:${program}`];
  const env = { ...person.env, PATH: `${path.join(folder, 'bin')}:/usr/bin:/bin` };
  const words = ['api-key', 'rotate', 'jane', ...targets.flatMap((each) => ['--to', each])];
  return { person, old, words, env: env as World['env'] };
}

/** Returns the key in each place. */
async function keysAt({ person, env }: World): Promise<string[]> {
  const file = (name: string) => path.join(person.home.folder, name);
  const { data } = JSON.parse(read(file('secret.json')));
  const { secret } = await person.get('us.icr.io', env);
  const [, inFile = ''] = /^A=b\nKEY=(.*)\n$/.exec(read(file('app.env'))) ?? [];
  return [secret, inFile, Buffer.from(data.key, 'base64').toString(), read(file('sink'))];
}

/** Requires that each copy has a valid key, and that the rotation can be completed. */
async function requireRecovery({ sandbox }: SandboxContext, world: World): Promise<void> {
  const { person, old, words, env } = world;
  for (const key of await keysAt(world)) {
    assert.type(sandbox.accounts.ownerOfApiKey(key), 'object', 'IAM accepts the key');
  }
  const record = fileOf(person.home.config, { of: 'identity', name: 'jane (rotating)' });
  const isRecorded = fs.existsSync(record);
  // The record names the copies, so the second run needs no --to.
  const again = await person.call((isRecorded ? words.slice(0, 3) : words).join(' '), '', env);
  assert.equal([again.stderr, again.status], ['', 0]);
  const { value } = onlyNewKey(sandbox, old);
  assert.equal(await keysAt(world), [value, value, value, value]);
  assert.not.ok(fs.existsSync(record));
}

/** Kills a rotation at each of `steps`; returns how many of them it reached. */
async function atEachStep(
  given: SandboxContext,
  steps: number,
  rotate: (world: World, step: number) => Promise<Outcome>,
): Promise<number> {
  let reached = 0;
  await forEach(
    Array.from({ length: steps }, (_, index) => index + 1),
    (step) =>
      inCloud(given.sandbox, async (person) => {
        const world = prepare(given, person);
        const { status, stderr } = await rotate(world, step);
        assert.ok(status === 0 || status === null, `step ${step}: ${status} ${stderr}`);
        if (status === null) reached += 1;
        fs.rmSync(path.join(person.home.folder, 'calls'), { force: true });
        try {
          await requireRecovery(given, world);
        } catch (error) {
          throw new Error(`step ${step}: ${error}`);
        }
      }),
  );
  return reached;
}

for (const [moment, ...options] of [['start'], ['end'], ['start', '--leaked']] as const) {
  test(`by each program at its ${[moment, ...options].join(' with ')}`, async (given) => {
    const rotate = ({ person, words, env }: World, step: number) => {
      const kill = { KILL_CALL: String(step), KILL_AT: moment };
      return person.start([...words, ...options].join(' '), '', { ...env, ...kill }).outcome;
    };
    const reached = await atEachStep(given, 7, rotate);
    assert.is(reached, 6, 'current context, check, read, replace, read back, command');
  });
}

test('before each change to a file', async (given) => {
  const rotate = ({ person, words, env }: World, step: number) => {
    const args = [String(step), ...words];
    const RACE_SIGNAL = 'SIGKILL';
    return collect(
      spawn(stoppedCommand(), args, { env: { ...person.home.env, ...env, RACE_SIGNAL } }),
    );
  };
  const steps = 16;
  const reached = await atEachStep(given, steps, rotate);
  assert.ok(reached >= 8 && reached < steps, `${reached} steps`);
});

const hanging: readonly Fault['kind'][] = ['hang', 'mute'];
for (const kind of hanging) {
  test(`during each request to IAM (${kind})`, async (given) => {
    const { faults, requests } = given.sandbox;
    const asked = () => requests.count({ service: 'iam' });
    // A sample of the requests; the faults of parallel runs would mix.
    for (let step = kind === 'hang' ? 4 : 5; ; step += process.env.SOAK ? 1 : 3) {
      let isOver = false;
      await inCloud(given.sandbox, async (person) => {
        const world = prepare(given, person);
        requests.reset();
        faults.add('iam', { kind: 'delay', delayMs: 0, times: step - 1 });
        faults.add('iam', { kind } as Fault);
        const { child, outcome } = person.start(world.words.join(' '), '', world.env);
        const timer = setInterval(() => {
          if (asked() >= step) child.kill('SIGKILL');
        }, 5);
        await outcome.finally(() => clearInterval(timer));
        isOver = asked() < step;
        faults.clear();
        await requireRecovery(given, world);
      });
      if (isOver) break;
    }
  });
}

test.run();
