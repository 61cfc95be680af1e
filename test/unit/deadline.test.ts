import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  answerLimitMs,
  type Context,
  deadlineOf,
  remainingMs,
  steadyClock,
  withoutDeadline,
} from '../../src/context.ts';
import { requestAnswer } from '../../src/http/request.ts';
import { singleFlight } from '../../src/iam/single-flight.ts';
import { protocolVerb, serve } from '../../src/protocol/serve.ts';
import { noon, testContext } from '../support/context.ts';
import { type Home, inHome, writeConfig } from '../support/home.ts';
import { rejects } from '../support/rejects.ts';

const test = suite('command deadline');

function withDeadline(context: Context): Context {
  return { ...context, deadline: context.now() + answerLimitMs };
}

test('returns the remaining time', () => {
  let now = noon;
  const context = withDeadline(testContext({ now: () => now }));
  assert.is(remainingMs(context, 5000), 5000);
  now += answerLimitMs - 1000;
  assert.is(remainingMs(context, 5000), 1000);
  assert.is(deadlineOf(context, 5000), noon + answerLimitMs);
  assert.is(remainingMs(withoutDeadline(context), 5000), 5000);
});

for (const [what, setBy] of [
  ['set back by an hour', -3_600_000],
  ['set forward by an hour', 3_600_000],
] as const) {
  test(`the clock of the system is ${what}: the remaining time does not change`, () => {
    let [systems, elapsed] = [noon, 5.25];
    const now = steadyClock(
      () => systems,
      () => elapsed,
    );
    const context = withDeadline(testContext({ now }));
    systems += setBy;
    elapsed += 1000.5;
    assert.equal([context.now(), remainingMs(context, answerLimitMs)], [noon + 1000, 8000]);
  });
}

/** A keychain whose calls take `takesMs` or until the kill, and a clock that advances by that time. */
function slowKeychain(home: Home, takesMs: number, given: Partial<Context> = {}) {
  const bin = path.join(home.folder, 'bin');
  fs.mkdirSync(bin, { recursive: true });
  fs.writeFileSync(path.join(bin, 'docker-credential-slow'), '', { mode: 0o755 });
  const identities = { work: { kind: 'api-key', secretSetAt: 0, present: 'iambearer' } };
  const mappings = { '*': { identity: 'work' } };
  const settings = { store: 'slow', fallbackHelper: 'slow', identities, mappings };
  writeConfig(home, 'config.json', JSON.stringify(settings));
  const clock = { now: noon, calls: 0 };
  const context = testContext({
    env: { ...home.env, PATH: bin },
    now: () => clock.now,
    runSync: (_program, [verb], { timeoutMs }) => {
      clock.calls += 1;
      clock.now += Math.min(timeoutMs, takesMs);
      if (takesMs > timeoutMs) return { status: null, output: '', errors: '', failure: 'timeout' };
      const output = verb === 'list' ? '{}' : '{"Username":"x","Secret":"canary-key"}';
      return { status: 0, output, errors: '' };
    },
    ...given,
  });
  return { clock, context: withDeadline(context) };
}

const verbs: readonly [verb: string, input: string][] = [
  ['get', 'us.icr.io'],
  ['get', 'registry.example'],
  ['store', JSON.stringify({ ServerURL: 'us.icr.io', Username: 'iamapikey', Secret: 'canary' })],
  ['store', JSON.stringify({ ServerURL: 'a.example', Username: 'me', Secret: 'canary' })],
  ['erase', 'us.icr.io'],
  ['erase', 'registry.example'],
  ['list', ''],
];
for (const [verb, input] of verbs) {
  for (const takesMs of [1000, 2500, 4000, 4999, 60_000]) {
    test(`${verb} ${input.slice(0, 30)} meets the deadline with a keychain that takes ${takesMs} ms`, () =>
      inHome(async (home) => {
        const { clock, context } = slowKeychain(home, takesMs, {
          readInput: async () => Buffer.from(input),
          env: {
            ...home.env,
            PATH: path.join(home.folder, 'bin'),
            // Fails at once: a refused connection would be retried for seconds.
            IBMCLOUD_IAM_API_ENDPOINT: 'http://iam.example',
          },
        });
        const stdin = fs.openSync('/dev/null', 'r');
        const command = protocolVerb([verb]);
        assert.ok(command);
        await serve({ ...context, stdin }, command);
        fs.closeSync(stdin);
        assert.ok(clock.calls > 0);
        const took = clock.now - noon;
        assert.ok(took <= answerLimitMs, `${took} ms`);
      }));
  }
}

test('limits IAM requests to the time left after the keychain, and sends none if it is over', async () => {
  const ends: number[] = [];
  const context = {
    ...withDeadline(testContext({ now: () => noon + 4000 })),
    deadline: noon + 9000,
  };
  const mint = (deadline: number) => {
    ends.push(deadline);
    return Promise.resolve({ token: 'canary', issuedAt: noon, expiresAt: noon + 3600_000 });
  };
  await singleFlight(
    context,
    { folder: undefined, name: 'work', since: 0, force: false, mint },
    undefined,
  );
  assert.equal(ends, [noon + 9000]);
  const late = { ...context, deadline: noon + 4000 };
  const request = { method: 'GET', url: new URL('https://127.0.0.1:1/') } as const;
  const options = { service: 'IAM', owner: 'x', hint: 'y' };
  await rejects(requestAnswer(late, request, options), 'unreachable', /^no time was left/);
});

test.run();
