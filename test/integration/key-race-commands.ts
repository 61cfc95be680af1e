import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { identityOfPending } from '../../src/identity/pending-key.ts';
import type { ApiKey } from '../sandbox/api-keys.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { Outcome } from '../support/helper.ts';
import { addUserWithKey, keysOf } from './api-key-world.ts';
import { newKey, type Person, settingsOf } from './identity-cloud.ts';
import { withStandIn } from './race-keychain.ts';

export interface World {
  readonly person: Person;
  readonly sandbox: Sandbox;
  /** The initial API key or refresh token of the identity. */
  readonly old: string;
  readonly owner: string;
  /** Keys that commands created and stored, and that a login replaced afterwards: they stay active. */
  readonly replaced: string[];
}

export interface Race {
  readonly first: string;
  readonly input?: string;
  readonly prepare: (person: Person, sandbox: Sandbox) => Promise<World> | World;
  /** Runs while the first command is stopped; returns the final check. */
  readonly second: (world: World) => Promise<(first: Outcome) => Promise<void> | void>;
}

export function stored({ home }: Person, name = 'jane'): string | undefined {
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
function requireNoStray(
  { person, sandbox, old, owner, replaced }: World,
  brought: readonly string[] = [],
) {
  const known = [old, ...brought, ...replaced, stored(person)];
  const strays = keysOf(sandbox, owner).filter(({ value }) => !known.includes(value));
  assert.equal([strays.map(({ id }) => id), pendingIn(person)], [[], []]);
}

/** Everything that is stored in a user's home, stand-in keychains included. */
function textIn({ home }: Person): string {
  const names = fs.readdirSync(home.folder, { recursive: true, encoding: 'utf8' });
  const files = names.map((name) => path.join(home.folder, name));
  return files
    .map((file) => (fs.statSync(file).isFile() ? fs.readFileSync(file, 'utf8') : ''))
    .join('\n');
}

/**
 * Requires that every active API key that a command created is stored or recorded as pending, and that the key of an
 * identity is active.
 */
export function requireRecorded({ person, sandbox, old, owner, replaced }: World): void {
  const text = textIn(person) + replaced.join();
  const strays = keysOf(sandbox, owner).filter(
    ({ name, value }) => value !== old && name !== 'brought' && !text.includes(value),
  );
  assert.equal(
    strays.map(({ id }) => id),
    [],
    'active keys that are recorded nowhere',
  );
  const { identities } = settingsOf(person.home);
  const secret = stored(person);
  const isKey = identities.jane?.kind === 'api-key' && secret !== undefined;
  assert.ok(!isKey || isAlive(sandbox, secret), 'the stored key is active');
}

function withKey(person: Person, sandbox: Sandbox): World {
  const key: ApiKey = addUserWithKey(sandbox, person, 'jane');
  return { person, sandbox, old: key.value, owner: key.iamId, replaced: [] };
}

async function withRefreshToken(person: Person, sandbox: Sandbox): Promise<World> {
  const { accounts } = sandbox;
  const owner = accounts.addUser().iamId;
  const { value } = accounts.addRefreshToken({ owner, value: newKey() });
  await person.say(
    'login --identity jane --refresh-token-stdin --present iambearer --no-verify us.icr.io',
    value,
  );
  return { person, sandbox, old: value, owner, replaced: [] };
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
  if (isComplete) world.replaced.push(stored(person) ?? '');
  const value = await logIn(world);
  return async () => {
    assert.is(stored(world.person), value, 'the acknowledged login');
    // The next rotation completes the steps that the first command could not.
    if (pendingIn(world.person).length > 0) await world.person.say('api-key rotate jane');
    requireNoStray(world, [value]);
  };
}

function signedOut(words: string) {
  return async (world: World) => {
    const made = keysOf(world.sandbox, world.owner).length;
    // A logout leaves the key of an identity active: if the rotation was complete, that is the new one.
    world.replaced.push(stored(world.person) ?? '');
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

/** Requires that a logout has removed the key and its identity from every store. */
function requireGone({ person, old }: World): void {
  assert.not.match(textIn(person), old);
  assert.equal(settingsOf(person.home).identities, {});
}

/** Requires that IAM accepts the stored refresh token. */
async function sessionGoesOn({ person }: World, env = {}): Promise<void> {
  const { stderr, status } = await person.call('token --refresh --identity jane', '', env);
  assert.is(status, 0, stderr);
}

/** An API key that exists in IAM before a command stores it. */
const broughtKey = newKey();

export const races: Readonly<Record<string, Race>> = {
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
    input: broughtKey,
    prepare: (person, sandbox) => {
      const world = withKey(person, sandbox);
      sandbox.accounts.addApiKey({ owner: world.owner, name: 'brought', value: broughtKey });
      return world;
    },
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
      // The refresh token of a killed command may be spent.
      return ({ status }) => (status === null ? undefined : sessionGoesOn(world, { PATH: search }));
    },
  },
  'logout, store move': {
    first: 'logout',
    prepare: withKey,
    second: async (world) => {
      const { person } = world;
      const { search } = withStandIn(person);
      await person.call('store move osxkeychain', '', { PATH: search });
      return async ({ status }) => {
        if (status === 0) requireGone(world);
        await person.say('logout', '', { PATH: search });
        requireGone(world);
      };
    },
  },
  'store move, logout': {
    first: 'store move osxkeychain',
    prepare: (person, sandbox) => {
      withStandIn(person);
      return withKey(person, sandbox);
    },
    second: async (world) => {
      await world.person.say('logout', '', { PATH: withStandIn(world.person).search });
      requireGone(world);
      return () => requireGone(world);
    },
  },
  'create --save, login': {
    first: 'api-key create --save --identity ci us.icr.io',
    prepare: withKey,
    second: async ({ person, sandbox, owner, replaced }) => {
      const { value } = sandbox.accounts.addApiKey({ owner, name: 'brought', value: newKey() });
      replaced.push(stored(person, 'ci') ?? '');
      await person.say('login --identity ci --api-key-stdin', value);
      return async () => {
        assert.is(stored(person, 'ci'), value, 'the acknowledged login');
        if (pendingIn(person).length > 0) await person.say('api-key rotate ci');
        const strays = keysOf(sandbox, owner)
          .map((key) => key.value)
          .filter(
            (each) => ![value, stored(person), stored(person, 'ci'), ...replaced].includes(each),
          );
        assert.equal([strays, pendingIn(person)], [[], []]);
      };
    },
  },
};
