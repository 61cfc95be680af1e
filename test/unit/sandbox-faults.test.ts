import * as assert from 'uvu/assert';
import type { Fault } from '../sandbox/faults.ts';
import { type SandboxContext, sandboxSuite } from '../sandbox/suite.ts';

const test = sandboxSuite('sandbox: faults');

function askToken({ sandbox, askIam }: SandboxContext) {
  const apikey = sandbox.accounts.addApiKey().value;
  return askIam({ grant_type: 'urn:ibm:params:oauth:grant-type:apikey', apikey });
}

const answers: readonly [Fault, (reply: Awaited<ReturnType<typeof askToken>>) => void][] = [
  [
    { kind: 'status', status: 429, retryAfter: 3 },
    ({ status, headers }) => assert.equal([status, headers['retry-after']], [429, '3']),
  ],
  [{ kind: 'status' }, ({ status }) => assert.is(status, 500)],
  [
    { kind: 'not-json' },
    ({ status, text }) => assert.ok(status === 200 && text.startsWith('<html>')),
  ],
  [{ kind: 'empty' }, ({ status, text }) => assert.equal([status, text], [200, ''])],
  [
    { kind: 'half-json' },
    ({ text, value }) =>
      assert.ok(text.startsWith('{"access_token"') && Object.keys(value).length === 0),
  ],
  [
    { kind: 'huge' },
    ({ text, value }) => assert.ok(text.length > 10_000_000 && 'access_token' in value),
  ],
  [
    { kind: 'no-access-token' },
    ({ value }) => assert.equal(['access_token' in value, value.token_type], [false, 'Bearer']),
  ],
  [
    { kind: 'expired' },
    ({ value }) =>
      assert.ok(Number(value.expiration) * 1000 < Date.now() && Number(value.expires_in) < 0),
  ],
];

for (const [fault, check] of answers) {
  test(`${fault.kind} (${fault.status ?? 200}) affects one request`, async (context) => {
    context.sandbox.faults.add('iam', fault);
    check(await askToken(context));
    const next = await askToken(context);
    assert.is(next.status, 200);
    assert.ok('access_token' in next.value && next.text.length < 10_000);
  });
}

for (const kind of ['drop', 'cut-off'] as const) {
  test(`${kind} breaks one connection`, async (context) => {
    context.sandbox.faults.add('iam', { kind, times: 2 });
    for (const _ of [1, 2]) {
      const failure = await askToken(context).catch((error: unknown) => error);
      assert.instance(failure, Error);
    }
    assert.is((await askToken(context)).status, 200);
    assert.is(context.sandbox.requests.count({ service: 'iam' }), 3);
  });
}

test('hang: sends no response, and serves other requests', async (context) => {
  context.sandbox.faults.add('iam', { kind: 'hang' });
  const ends: string[] = [];
  const hanging = askToken(context).then(
    () => ends.push('answered'),
    () => ends.push('broken'),
  );
  assert.is((await askToken(context)).status, 200);
  assert.equal(ends, []);
  void hanging;
});

test('delay: precedes the response', async (context) => {
  context.sandbox.faults.add('iam', { kind: 'delay', delayMs: 80, times: 'forever' });
  const begun = Date.now();
  await Promise.all([askToken(context), askToken(context)]);
  const took = Date.now() - begun;
  assert.ok(took >= 79, `${took} ms`);
});

test('a fault affects its own service and path only', async (context) => {
  const { sandbox, askRegistry } = context;
  sandbox.faults.add('registry', { kind: 'status', status: 503, path: '/oauth/' });
  assert.is((await askToken(context)).status, 200);
  assert.is((await askRegistry('/v2/')).status, 401);
  assert.is((await askRegistry('/oauth/token?service=registry')).status, 503);
  assert.is((await askRegistry('/oauth/token?service=registry')).status, 401);
});

test('counts requests and stores no secret', async (context) => {
  const { sandbox, askIam } = context;
  const apikey = sandbox.accounts.addApiKey({ value: 'canary-of-the-log' }).value;
  await askIam({ grant_type: 'urn:ibm:params:oauth:grant-type:apikey', apikey });
  await context.askRegistry('/oauth/token?service=registry', { basic: ['iamapikey', apikey] });
  const { requests } = sandbox;
  assert.is(requests.count({ service: 'iam', grant: 'apikey', status: 200 }), 1);
  assert.is(requests.count({ service: 'registry', userName: 'iamapikey' }), 1);
  assert.is(requests.count({ service: 'metadata' }), 0);
  assert.not.match(JSON.stringify(requests.log), 'canary');
});

test('rejects an unknown fault when it is requested', ({ sandbox }) => {
  const fault: Fault = JSON.parse('{"kind":"explode"}');
  assert.throws(() => sandbox.faults.add('iam', fault), 'no such fault');
});

test.run();
