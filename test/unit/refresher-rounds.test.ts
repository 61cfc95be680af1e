import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HelperError } from '../../src/errors.ts';
import { serveTexts } from '../../src/http/text-server.ts';
import { createElection } from '../../src/kubernetes/leader-lease.ts';
import { leaseMs, refreshInRounds, roundMs } from '../../src/kubernetes/refresh-loop.ts';
import { createMetrics } from '../../src/kubernetes/refresh-metrics.ts';
import { noon, testContext } from '../support/context.ts';
import { createKubernetesApi, failure, type KubernetesApi } from '../support/kubernetes-api.ts';
import { rejects } from '../support/rejects.ts';

const test = suite('rounds of the refresher');

interface World {
  readonly api: KubernetesApi;
  now: number;
}

function createWorld(): World {
  const api = createKubernetesApi();
  api.leases.set('ops/refresher', { version: 1, spec: {} });
  api.namespaces.set('shop', {
    labels: { 'icr.io/pull-secret': 'true' },
    annotations: { 'icr.io/trusted-profile-id': 'Profile-1' },
  });
  return { api, now: noon };
}

/** `skewMs` is the difference of the replica's clock. */
function electionOf(world: World, holder: string, skewMs = 0) {
  return createElection(
    async (request) => world.api.handle(request),
    () => world.now + skewMs,
    { namespace: 'ops', name: 'refresher', holder, durationMs: leaseMs },
  );
}

const holderOf = ({ api }: World) => api.leases.get('ops/refresher')?.spec.holderIdentity;

test('one replica leads, and another one after the first has stopped renewing', async () => {
  const world = createWorld();
  const [a, b] = [electionOf(world, 'a'), electionOf(world, 'b', 3600_000)];
  assert.is(await a.lead(), true);
  assert.is(await b.lead(), false);
  for (let rounds = 0; rounds < 10; rounds += 1) {
    world.now += roundMs;
    assert.equal([await a.lead(), await b.lead()], [true, false]);
  }
  world.now += leaseMs - 1;
  assert.is(await b.lead(), false);
  world.now += 1;
  assert.is(await b.lead(), true);
  assert.is(await a.lead(), false);
  assert.is(world.api.leases.get('ops/refresher')?.spec.leaseTransitions, 2);
});

test('a released Lease is acquired at once; only the leader releases it', async () => {
  const world = createWorld();
  const [a, b] = [electionOf(world, 'a'), electionOf(world, 'b')];
  await a.lead();
  assert.is(await b.lead(), false);
  await b.release();
  assert.is(holderOf(world), 'a');
  await a.release();
  assert.is(await b.lead(), true);
});

test('of two replicas that acquire the Lease together, one leads', async () => {
  const world = createWorld();
  const [a, b] = [electionOf(world, 'a'), electionOf(world, 'b')];
  let other: boolean | undefined;
  world.api.intercept = ({ method }) => {
    if (method !== 'PATCH') return undefined;
    world.api.intercept = undefined;
    const lease = world.api.leases.get('ops/refresher');
    if (lease) Object.assign(lease, { version: 2, spec: { holderIdentity: 'b' } });
    other = true;
    return undefined;
  };
  assert.is(await a.lead(), false);
  assert.is(other, true);
  assert.is(await b.lead(), true);
});

test('a Lease that cannot be read or changed is an error', async () => {
  const world = createWorld();
  world.api.leases.clear();
  await rejects(electionOf(world, 'a').lead(), 'refused', /the Lease refresher \(404/);
  world.api.leases.set('ops/refresher', { version: 1, spec: {} });
  world.api.intercept = ({ method }) => (method === 'PATCH' ? failure(403, 'no') : undefined);
  await rejects(electionOf(world, 'a').lead(), 'refused', /to change the Lease/);
});

/** Runs rounds until `rounds` pauses have passed. */
async function runRounds(
  world: World,
  { holder = 'a', rounds = 1, requestToken = async () => token(world) } = {},
) {
  const context = testContext({ now: () => world.now });
  const metrics = createMetrics(context.now);
  const stopping = new AbortController();
  let pauses = 0;
  await refreshInRounds(
    context,
    { api: async (request) => world.api.handle(request), requestToken, random: () => 0.5 },
    {
      ...{ selector: 'icr.io/pull-secret=true', secretName: 'icr-pull', hosts: ['us.icr.io'] },
      ...{ profile: undefined, usesApiKey: false, refresher: 'ops/refresher', serviceAccounts: [] },
    },
    {
      election: electionOf(world, holder),
      metrics,
      pause: async (milliseconds) => {
        assert.ok(milliseconds >= roundMs * 0.9 && milliseconds <= roundMs * 1.1);
        world.now += milliseconds;
        pauses += 1;
        if (pauses === rounds) stopping.abort();
      },
      stop: stopping.signal,
    },
  );
  return { metrics: metrics.pages['/metrics']().text, warnings: context.warnings };
}

function token({ now }: World) {
  return { token: 'canary', issuedAt: now, expiresAt: now + 3600_000 };
}

test('the leader renews Secrets in rounds, and releases the Lease at the end', async () => {
  const world = createWorld();
  const { metrics } = await runRounds(world, { rounds: 30 });
  assert.is(holderOf(world), '');
  assert.match(metrics, /^icr_refresher_leader 1$/m);
  assert.match(metrics, /^icr_refresher_namespaces\{outcome="ok"\} 1$/m);
  assert.match(metrics, /^icr_refresher_renewals_total 2$/m);
});

test('a replica that does not lead changes no Secret', async () => {
  const world = createWorld();
  await electionOf(world, 'b').lead();
  const { metrics } = await runRounds(world, { rounds: 2 });
  assert.is(world.api.secrets.size, 0);
  assert.is(holderOf(world), 'b');
  assert.match(metrics, /^icr_refresher_leader 0$/m);
});

test('failures are counted by code, and the next round succeeds', async () => {
  const world = createWorld();
  let requests = 0;
  world.api.intercept = ({ path }) =>
    path === '/api/v1/namespaces' && requests++ === 0 ? failure(500, 'canary') : undefined;
  let asked = 0;
  const requestToken = async () => {
    asked += 1;
    if (asked === 1) throw new HelperError('unreachable', 'cannot reach IAM');
    return token(world);
  };
  const { metrics, warnings } = await runRounds(world, { rounds: 3, requestToken });
  assert.is(warnings.length, 2);
  assert.match(metrics, /^icr_refresher_failures_total\{code="refused"\} 1$/m);
  assert.match(metrics, /^icr_refresher_failures_total\{code="unreachable"\} 1$/m);
  assert.match(metrics, /^icr_refresher_renewals_total 1$/m);
  assert.not.match(metrics, /canary|shop/);
});

test('is unhealthy if no round has finished for ten minutes', () => {
  const world = createWorld();
  const { pages, finished } = createMetrics(() => world.now);
  assert.is(pages['/healthz']().status, 200);
  world.now += 10 * 60_000;
  assert.is(pages['/healthz']().status, 503);
  finished(false);
  assert.is(pages['/healthz']().status, 200);
});

test('serves pages by path, for GET only', async () => {
  const page = () => ({ status: 200, text: 'yes\n' });
  const { port, close } = await serveTexts(0, { '/a': page });
  try {
    const statusOf = async (path: string, method = 'GET') =>
      (await fetch(`http://127.0.0.1:${port}${path}`, { method })).status;
    assert.is(await statusOf('/a'), 200);
    assert.is(await statusOf('/a?x=1'), 200);
    for (const path of ['/', '/b', '/constructor', '/a/']) assert.is(await statusOf(path), 404);
    assert.is(await statusOf('/a', 'POST'), 404);
    const taken = await serveTexts(port, {}).catch((error) => error.code);
    assert.is(taken, 'EADDRINUSE');
  } finally {
    close();
  }
});

test.run();
