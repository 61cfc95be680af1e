import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { identityOfPending } from '../../src/identity/pending-key.ts';
import type { ApiKey } from '../sandbox/api-keys.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { sandboxSuite } from '../sandbox/suite.ts';
import { collect, type Outcome } from '../support/helper.ts';
import { addUserWithKey, keysOf } from './api-key-world.ts';
import { addIdentity, inCloud, newKey, type Person, settingsOf } from './identity-cloud.ts';
import { withStandIn } from './race-keychain.ts';

// A command is stopped at each of its steps, a second one runs completely, and the first one continues. Then all
// acknowledged data must exist, no deleted key may be stored, and every active key that was created must be recorded.

const test = sandboxSuite('races between commands that change one secret');

/** Every step, or some of them: the fourth request of a rotation is the check of its new key, before it is stored. */
const stride = process.env.SOAK ? 1 : 8;
const requestStride = process.env.SOAK ? 1 : 3;

interface World {
  readonly person: Person;
  readonly sandbox: Sandbox;
  /** The initial API key or refresh token of the identity. */
  readonly old: string;
  readonly owner: string;
}

interface Race {
  readonly first: string;
  readonly input?: string;
  readonly prepare: (person: Person, sandbox: Sandbox) => Promise<World> | World;
  /** Runs while the first command is stopped; returns the final check. */
  readonly second: (world: World) => Promise<(first: Outcome) => Promise<void> | void>;
}

function stored({ home }: Person, name = 'jane'): string | undefined {
  const file = path.join(home.config, 'identities', `${name}.json`);
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')).Secret : undefined;
}

function pendingIn({ home }: Person): string[] {
  const folder = path.join(home.config, 'identities');
  const names = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  return names.flatMap(
    (name) => identityOfPending(decodeURIComponent(name).replace(/\.json$/, '')) ?? [],
  );
}

function isAlive({ accounts }: Sandbox, value: string | undefined): boolean {
  return accounts.apiKeys().some((key) => key.value === value);
}

/** Requires that every API key in IAM is the user's own, stored or recorded. */
function requireNoStray({ person, sandbox, old, owner }: World, brought: readonly string[] = []) {
  const known = [old, ...brought, stored(person)];
  const strays = keysOf(sandbox, owner).filter(({ value }) => !known.includes(value));
  assert.equal([strays.map(({ id }) => id), pendingIn(person)], [[], []]);
}

function withKey(person: Person, sandbox: Sandbox): World {
  const key: ApiKey = addUserWithKey(sandbox, person, 'jane');
  return { person, sandbox, old: key.value, owner: key.iamId };
}

async function withRefreshToken(person: Person, sandbox: Sandbox): Promise<World> {
  const { accounts } = sandbox;
  const owner = accounts.addUser().iamId;
  const { value } = accounts.addRefreshToken({ owner, value: newKey() });
  await person.say(
    'login --identity jane --refresh-token-stdin --present iambearer --no-verify us.icr.io',
    value,
  );
  return { person, sandbox, old: value, owner };
}

/** Logs in with another API key of the same owner. */
async function logIn({ person, sandbox, owner }: World, words = ''): Promise<string> {
  const { value } = sandbox.accounts.addApiKey({ owner, name: 'brought', value: newKey() });
  await person.say(`login --identity jane --api-key-stdin${words}`, value);
  return value;
}

async function signedIn(world: World) {
  const { person, sandbox, old } = world;
  // If the rotation was complete before the login, its key stays active, as after any login.
  const isComplete = pendingIn(person).length === 0 && !isAlive(sandbox, old);
  const rotated = isComplete ? [stored(person) ?? ''] : [];
  const value = await logIn(world);
  return async () => {
    assert.is(stored(world.person), value, 'the acknowledged login');
    // The next rotation completes the steps that the first command could not.
    if (pendingIn(world.person).length > 0) await world.person.say('api-key rotate jane');
    requireNoStray(world, [value, ...rotated]);
  };
}

function signedOut(words: string) {
  return async (world: World) => {
    const made = keysOf(world.sandbox, world.owner).length;
    const { status, stderr } = await world.person.call(words);
    assert.is(status, 0, stderr);
    return async () => {
      assert.is(stored(world.person), undefined);
      assert.equal(settingsOf(world.person.home).identities, {});
      assert.equal(pendingIn(world.person), []);
      assert.ok(keysOf(world.sandbox, world.owner).length <= 1, `of ${made}`);
    };
  };
}

async function rotatedTwice(world: World) {
  const { person, sandbox, owner } = world;
  await person.say('api-key rotate jane');
  await person.say('api-key rotate jane');
  return async () => {
    assert.ok(isAlive(sandbox, stored(person)), 'the stored key is active');
    requireNoStray(world);
    assert.is(keysOf(sandbox, owner).length, 1);
  };
}

async function moved({ person, sandbox, owner }: World) {
  const { move, secret } = withStandIn(person);
  await move();
  return async () => {
    await person.call('api-key rotate jane', '', { PATH: withStandIn(person).search });
    const kept = secret('jane');
    assert.is(stored(person), undefined);
    assert.ok(isAlive(sandbox, kept), 'the stored key is active');
    assert.is(keysOf(sandbox, owner).length, 1);
  };
}

/** Requires that IAM accepts the stored refresh token. */
async function sessionGoesOn({ person }: World, env = {}): Promise<void> {
  const { stderr, status } = await person.call('token --refresh --identity jane', '', env);
  assert.is(status, 0, stderr);
}

const races: Readonly<Record<string, Race>> = {
  'rotate, login': { first: 'api-key rotate jane', prepare: withKey, second: signedIn },
  'rotate, rotate, rotate': {
    first: 'api-key rotate jane',
    prepare: withKey,
    second: rotatedTwice,
  },
  'rotate, logout': { first: 'api-key rotate jane', prepare: withKey, second: signedOut('logout') },
  'rotate, logout --identity': {
    first: 'api-key rotate jane',
    prepare: withKey,
    second: signedOut('logout --identity jane'),
  },
  'rotate, store move': { first: 'api-key rotate jane', prepare: withKey, second: moved },
  'logout, login': {
    first: 'logout --identity jane',
    prepare: withKey,
    second: async (world) => {
      const value = await logIn(world);
      return async () => {
        const isKept = stored(world.person) === value;
        const isNamed = Object.hasOwn(settingsOf(world.person.home).identities, 'jane');
        assert.equal([isKept, isNamed], [true, true]);
      };
    },
  },
  'login, logout': {
    first: 'login --identity jane --api-key-stdin --no-verify',
    input: newKey(),
    prepare: withKey,
    second: async ({ person }) => {
      await person.say('logout');
      return () => {
        const isNamed = Object.hasOwn(settingsOf(person.home).identities, 'jane');
        assert.is(stored(person) !== undefined, isNamed, 'both or none');
      };
    },
  },
  'get, login': {
    first: 'get',
    input: 'us.icr.io',
    prepare: withRefreshToken,
    second: async (world) => {
      const value = await logIn(world, ' --no-verify');
      return () => assert.is(stored(world.person), value);
    },
  },
  'get, logout': {
    first: 'get',
    input: 'us.icr.io',
    prepare: withRefreshToken,
    second: async ({ person }) => {
      await person.say('logout');
      return () => assert.is(stored(person), undefined);
    },
  },
  'get, store move': {
    first: 'get',
    input: 'us.icr.io',
    prepare: withRefreshToken,
    second: async (world) => {
      const { move, search } = withStandIn(world.person);
      await move();
      return () => sessionGoesOn(world, { PATH: search });
    },
  },
  'create --save, login': {
    first: 'api-key create --save --identity ci us.icr.io',
    prepare: withKey,
    second: async ({ person, sandbox, owner }) => {
      const { value } = sandbox.accounts.addApiKey({ owner, name: 'brought', value: newKey() });
      await person.say('login --identity ci --api-key-stdin', value);
      return async () => {
        assert.is(stored(person, 'ci'), value, 'the acknowledged login');
        const strays = keysOf(sandbox, owner)
          .map((key) => key.value)
          .filter((each) => each !== value && each !== stored(person));
        assert.equal([strays, pendingIn(person)], [[], []]);
      };
    },
  },
};

type Ending = Promise<Outcome>;

async function isStopped(pid: number | undefined, isOver: () => boolean): Promise<boolean> {
  for (;;) {
    if (isOver()) return false;
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    if (/\) T/.test(stat)) return true;
    await sleep(5);
  }
}

/** Starts the first command, which stops itself before its nth change to a file. */
function startStopped({ home, env }: Person, { first, input = '' }: Race, change: number) {
  const program = path.join(import.meta.dirname, 'race-stopped.ts');
  const words = [program, String(change), ...first.split(' ')];
  const PATH = path.join(home.folder, 'helpers');
  const child = spawn(process.execPath, words, {
    env: { ...home.env, ...env, PATH: `${PATH}:/usr/bin:/bin` },
  });
  child.stdin.end(input);
  return child;
}

for (const [name, race] of Object.entries(races)) {
  test(`${name}: stopped before a change to a file`, async ({ sandbox }) => {
    for (let change = 1; ; change += stride) {
      let over = false;
      await inCloud(sandbox, async (person) => {
        const world = await race.prepare(person, sandbox);
        const child = startStopped(person, race, change);
        over = await raced(world, race, child, `change ${change}`);
      });
      if (over) return assert.ok(change > 1, `${change} changes`);
    }
  });

  test(`${name}: stopped during a request of IAM`, async ({ sandbox }) => {
    for (let request = 1; ; request += requestStride) {
      let over = false;
      await inCloud(sandbox, async (person) => {
        const world = await race.prepare(person, sandbox);
        sandbox.requests.reset();
        if (request > 1)
          sandbox.faults.add('iam', { kind: 'delay', delayMs: 0, times: request - 1 });
        sandbox.faults.add('iam', { kind: 'delay', delayMs: 150 });
        const child = startStopped(person, race, 0);
        const timer = setInterval(() => {
          if (sandbox.requests.count({ service: 'iam' }) < request) return;
          clearInterval(timer);
          child.kill('SIGSTOP');
        }, 2);
        over = await raced(world, race, child, `request ${request}`).finally(() =>
          clearInterval(timer),
        );
      });
      if (over) return;
    }
  });
}

/** Returns true if the first command had finished before it was stopped. */
async function raced(
  world: World,
  race: Race,
  child: ReturnType<typeof startStopped>,
  when: string,
): Promise<boolean> {
  let isOver = false;
  const ending: Ending = collect(child).finally(() => {
    isOver = true;
  });
  try {
    const stopped = await isStopped(child.pid, () => isOver);
    world.sandbox.faults.clear();
    const check = stopped ? await race.second(world) : undefined;
    child.kill('SIGCONT');
    const outcome = await ending;
    assert.not.match(outcome.stderr, /internal error/);
    try {
      await check?.(outcome);
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
