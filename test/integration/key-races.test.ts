import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { sandboxSuite } from '../sandbox/suite.ts';
import { stoppedCommand } from '../support/bundle.ts';
import { collect, type Outcome } from '../support/helper.ts';
import { addUserWithKey } from './api-key-world.ts';
import { addIdentity, inCloud, type Person } from './identity-cloud.ts';
import { type Race, races, requireRecorded, stored, type World } from './key-race-commands.ts';

// A command is stopped or killed at each of its steps, a second one runs completely, and a stopped one continues. Then
// all acknowledged data must exist, no deleted key may be stored, and every active key that was created must be recorded.

const test = sandboxSuite('races between commands that change one secret');

interface Steps {
  readonly from: number;
  readonly stride: number;
  /** By default, the last step of the command. */
  readonly last?: number;
}

const everyStep: Steps = { from: 1, stride: 1 };
/**
 * A sample of the steps, and every step with SOAK=1: minutes for each pair of commands. To stay below the time limit of a
 * file, run one pair: `SOAK=1 make test FILES=key-races NAME='rotate, login: '`. The fourth request of a rotation is the check of its new key, before
 * it is stored.
 */
const ways = [
  {
    signal: 'SIGSTOP',
    word: 'stopped',
    changes: { from: 1, stride: 8 },
    requests: { from: 1, stride: 3 },
  },
  {
    signal: 'SIGKILL',
    word: 'killed',
    changes: { from: 5, stride: 1, last: 5 },
    requests: { from: 4, stride: 1, last: 4 },
  },
] as const;

type Signal = (typeof ways)[number]['signal'];
type Child = ReturnType<typeof startStopped>;

/** Starts the first command, which sends itself the signal before its nth change to a file. */
function startStopped(
  { home, env }: Person,
  { first, input = '' }: Race,
  signal: Signal,
  change: number,
) {
  const words = [String(change), ...first.split(' ')];
  const PATH = path.join(home.folder, 'helpers');
  const child = spawn(stoppedCommand(), words, {
    env: { ...home.env, ...env, PATH: `${PATH}:/usr/bin:/bin`, RACE_SIGNAL: signal },
  });
  // A process that is killed at its start does not read it.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  return child;
}

async function isStopped(child: Child, isOver: () => boolean): Promise<boolean> {
  while (!isOver()) {
    const stat = fs.readFileSync(`/proc/${child.pid}/stat`, 'utf8');
    if (/\) T/.test(stat)) return true;
    await sleep(5);
  }
  return child.signalCode === 'SIGKILL';
}

/** Runs a race at each of the steps, until the first command ends before the step. */
async function atEach(
  { from, stride, last = Number.POSITIVE_INFINITY }: Steps,
  isOverAt: (step: number) => Promise<boolean>,
): Promise<void> {
  for (let step = from; step <= last && !(await isOverAt(step)); step += stride);
}

for (const { signal, word, changes, requests } of ways) {
  for (const [name, race] of Object.entries(races)) {
    test(`${name}: ${word} before a change to a file`, async ({ sandbox }) => {
      await atEach(process.env.SOAK ? everyStep : changes, async (change) => {
        let isOver = false;
        await inCloud(sandbox, async (person) => {
          const world = await race.prepare(person, sandbox);
          const child = startStopped(person, race, signal, change);
          isOver = await raced(world, race, child, `change ${change}`);
        });
        return isOver;
      });
    });

    test(`${name}: ${word} during a request of IAM`, async ({ sandbox }) => {
      await atEach(process.env.SOAK ? everyStep : requests, async (request) => {
        let isOver = false;
        await inCloud(sandbox, async (person) => {
          const world = await race.prepare(person, sandbox);
          sandbox.requests.reset();
          if (request > 1)
            sandbox.faults.add('iam', { kind: 'delay', delayMs: 0, times: request - 1 });
          const ended = Promise.withResolvers<void>();
          // IAM completes the request of a stopped command meanwhile, and that of a killed one before the second command.
          const delay = signal === 'SIGKILL' ? { until: ended.promise } : { delayMs: 150 };
          sandbox.faults.add('iam', { kind: 'delay', ...delay });
          const child = startStopped(person, race, signal, 0);
          child.once('exit', () => ended.resolve());
          const timer = setInterval(() => {
            if (sandbox.requests.count({ service: 'iam' }) < request) return;
            clearInterval(timer);
            child.kill(signal);
          }, 2);
          isOver = await raced(world, race, child, `request ${request}`).finally(() =>
            clearInterval(timer),
          );
        });
        return isOver;
      });
    });
  }
}

/** Returns true if the first command had ended before it was stopped or killed. */
async function raced(world: World, race: Race, child: Child, when: string): Promise<boolean> {
  let isOver = false;
  const ending: Promise<Outcome> = collect(child).finally(() => {
    isOver = true;
  });
  try {
    const stopped = await isStopped(child, () => isOver);
    world.sandbox.faults.clear();
    const check = stopped ? await race.second(world) : undefined;
    child.kill('SIGCONT');
    const outcome = await ending;
    assert.not.match(outcome.stderr, /internal error/);
    try {
      requireRecorded(world);
      await check?.(outcome);
      requireRecorded(world);
    } catch (error) {
      throw new Error(`${when}: ${error}\n${outcome.stdout}${outcome.stderr}`);
    }
    return !stopped;
  } finally {
    child.kill('SIGCONT');
    child.kill('SIGKILL');
  }
}

test('does not change an identity of that name with another key', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    addUserWithKey(sandbox, person, 'jane');
    const other = addIdentity(person, 'other');
    await person.say('api-key rotate jane');
    assert.is(stored(person, 'other'), other);
  }));

test.run();
