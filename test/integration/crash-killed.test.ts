import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import type { ApiKey } from '../sandbox/api-keys.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { sandboxSuite } from '../sandbox/suite.ts';
import { credential } from '../support/helper.ts';
import { addUserWithKey, keysOf } from './api-key-world.ts';
import { randomFrom } from './crash-random.ts';
import { inCloud, newKey, type Person, settingsOf } from './identity-cloud.ts';

const test = sandboxSuite('commands killed at random times');

/** Total number of kills; `make soak` sets a higher one. */
const kills = Number(process.env.SOAK_KILLS ?? 60);
const each = Math.ceil(kills / 6);
const seed = Number(process.env.SOAK_SEED ?? 1);

/** A command, and a check to run after it was killed. */
interface Operation {
  readonly words: string;
  readonly input: string;
  /** Throws if acknowledged data is incomplete: it must have its old or its new state. */
  readonly check: () => Promise<void> | void;
}

type Begin = (person: Person, sandbox: Sandbox) => (turn: number) => Promise<Operation> | Operation;

const host = 'registry.example';

async function storedSecret(person: Person, of = host): Promise<string | undefined> {
  const { stdout, stderr, status } = await person.call('get', of);
  if (status === 0) return JSON.parse(stdout).Secret;
  assert.is(stdout, 'credentials not found in native keychain\n', stderr);
  return undefined;
}

/** Repeated `docker login` for one host. */
const store: Begin = (person) => {
  let last: string | undefined;
  return (turn) => {
    const next = `canary-${turn}-`.repeat(2000);
    const check = async () => {
      const kept = await storedSecret(person);
      assert.ok(kept === last || kept === next, `kept ${kept?.slice(0, 30)}`);
      last = kept;
    };
    return { words: 'store', input: credential(host, 'me', next), check };
  };
};

const erase: Begin = (person) => async (turn) => {
  const kept = `canary-erased-${turn}`;
  await person.say('store', credential(host, 'me', kept));
  const check = async () => {
    const left = await storedSecret(person);
    assert.ok(left === kept || left === undefined, `kept ${left}`);
  };
  return { words: 'erase', input: host, check };
};

/** A new API key for the identity of all hosts. */
const login: Begin = (person) => {
  let last: string | undefined;
  return async (turn) => {
    const next = newKey();
    if (last === undefined) {
      last = newKey();
      await person.say('login --no-verify --api-key-stdin', last);
    }
    // A new identity each time, so that the settings grow.
    await person.say(`login --no-verify --identity other-${turn} --api-key-stdin`, newKey());
    const check = async () => {
      const kept = await storedSecret(person, 'us.icr.io');
      assert.ok(kept === last || kept === next, `kept ${kept}`);
      last = kept;
      const { identities } = settingsOf(person.home);
      assert.ok(Object.hasOwn(identities, `other-${turn}`), 'an identity that was acknowledged');
    };
    return { words: 'login --no-verify --api-key-stdin', input: next, check };
  };
};

/** Adds IBM hosts to a Docker configuration file, and removes them. */
const configure: Begin = ({ home, say }) => {
  const file = path.join(home.folder, '.docker', 'config.json');
  fs.mkdirSync(path.dirname(file));
  fs.writeFileSync(
    file,
    JSON.stringify({ auths: {}, credHelpers: { 'x.example': 'gcloud' } }, null, '\t'),
  );
  return (turn) => {
    const before = fs.readFileSync(file, 'utf8');
    const words = turn % 2 === 0 ? 'configure' : 'configure --remove';
    const check = async () => {
      const left = fs.readFileSync(file, 'utf8');
      JSON.parse(left);
      await say(words);
      const after = fs.readFileSync(file, 'utf8');
      assert.ok(left === before || left === after, left);
    };
    return { words, input: '', check };
  };
};

/** Requires that IAM accepts the credential from `get`. */
function isGood({ accounts }: Sandbox, secret: string | undefined): boolean {
  return accounts.apiKeys().some(({ value }) => value === secret);
}

const rotate: Begin = (person, sandbox) => {
  let mine: ApiKey | undefined;
  return () => {
    mine ??= addUserWithKey(sandbox, person, 'jane');
    const { iamId } = mine;
    const check = async () => {
      const kept = await storedSecret(person, 'us.icr.io');
      assert.ok(isGood(sandbox, kept), 'the credential is accepted');
      assert.ok(keysOf(sandbox, iamId).length <= 2);
      await person.call('api-key rotate jane');
      assert.ok(isGood(sandbox, await storedSecret(person, 'us.icr.io')), 'after another rotation');
      assert.is(keysOf(sandbox, iamId).length, 1, 'no key is left behind');
    };
    return { words: 'api-key rotate jane', input: '', check };
  };
};

/** The first `get` of a short-lived token with an empty cache. */
const mint: Begin = (person, sandbox) => {
  let isNew = true;
  return async () => {
    if (isNew) addUserWithKey(sandbox, person, 'jane');
    if (isNew) await person.say('map us.icr.io jane --present iambearer');
    isNew = false;
    const cache = path.join(person.home.folder, '.cache', 'docker-credential-icr');
    fs.rmSync(cache, { recursive: true, force: true });
    const check = async () => {
      const { secret, warnings } = await person.get('us.icr.io');
      assert.match(secret, /^eyJ/);
      assert.is(warnings, '', 'the cache is whole');
    };
    return { words: 'get', input: 'us.icr.io', check };
  };
};

/** Requires that the next command works and that all files are valid. */
async function expectWorking(person: Person, when: string): Promise<void> {
  const list = await person.call('list');
  assert.equal({ status: list.status, stderr: list.stderr }, { status: 0, stderr: '' }, when);
  JSON.parse(list.stdout);
  const { config } = person.home;
  if (!fs.existsSync(config)) return;
  for (const name of fs.readdirSync(config, { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.damaged')) throw new Error(`${name} ${when}`);
    if (!name.endsWith('.json')) continue;
    JSON.parse(fs.readFileSync(path.join(config, name), 'utf8'));
  }
}

/** Kills a command after `delayMs`; returns its duration in milliseconds if it had finished before. */
async function kill(
  person: Person,
  { words, input }: Operation,
  delayMs: number,
): Promise<number | undefined> {
  const began = performance.now();
  const { child, outcome } = person.start(words, input);
  const timer = setTimeout(() => child.kill('SIGKILL'), delayMs);
  const { status } = await outcome;
  clearTimeout(timer);
  return status === null ? undefined : performance.now() - began;
}

/** Prints the counts that `make soak` reads. */
function report(name: string, killed: number): void {
  if (process.env.SOAK_KILLS) console.log(`killed ${JSON.stringify({ name, killed, of: each })}`);
}

const operations = { store, erase, login, configure, rotate, mint } as const;
for (const [index, [name, begin]] of Object.entries(operations).entries()) {
  test(`${name}: acknowledged data is complete, and the next command works`, ({ sandbox }) =>
    inCloud(sandbox, async (person) => {
      const random = randomFrom(seed * 100 + index);
      const operate = begin(person, sandbox);
      let [killed, duration] = [0, 5000];
      // The first run is not killed, to measure its duration.
      for (let turn = 0; turn <= each; turn += 1) {
        const operation = await operate(turn);
        const delay = turn === 0 ? duration : random() * duration * 1.05;
        const took = await kill(person, operation, delay);
        if (took === undefined) killed += 1;
        else duration = turn === 0 ? took : (duration + took) / 2;
        const when = `turn ${turn}, killed after ${delay.toFixed(1)} ms`;
        await expectWorking(person, when);
        await operation.check();
        await expectWorking(person, `after ${when}`);
      }
      assert.ok(killed >= each / 4, `${killed} were killed in time`);
      report(name, killed);
    }));
}

test.run();
