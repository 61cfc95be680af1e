import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { serveTexts } from '../../src/http/local-server.ts';
import {
  createElection,
  leadUntilStopped,
  leaseMs,
  renewLeaseMs,
} from '../../src/kubernetes/leader-lease.ts';
import { createMetrics } from '../../src/kubernetes/refresh-metrics.ts';
import { noon, testContext } from '../support/context.ts';
import { createKubernetesApi, failure, type KubernetesApi } from '../support/kubernetes-api.ts';
import { rejects } from '../support/rejects.ts';
import { createClock } from '../support/virtual-clock.ts';

const test = suite('leader election');

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
    world.now += renewLeaseMs;
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
  world.api.intercept = ({ patch }) => (patch === 'apply' ? failure(403, 'no') : undefined);
  await rejects(electionOf(world, 'a').lead(), 'refused', /to return the Lease refresher \(403/);
  world.api.leases.set('ops/refresher', { version: 1, spec: {} });
  world.api.intercept = ({ method }) => (method === 'PATCH' ? failure(403, 'no') : undefined);
  await rejects(electionOf(world, 'a').lead(), 'refused', /to change the Lease/);
});

test('a Lease that was deleted is created again, and one replica leads', async () => {
  const world = createWorld();
  const [a, b] = [electionOf(world, 'a'), electionOf(world, 'b')];
  assert.is(await a.lead(), true);
  world.api.leases.clear();
  assert.equal([await b.lead(), await a.lead()], [true, false]);
});

test('a Lease without a duration is held for the usual one', async () => {
  const world = createWorld();
  world.api.leases.set('ops/refresher', { version: 1, spec: { holderIdentity: 'b' } });
  const a = electionOf(world, 'a');
  assert.is(await a.lead(), false);
  world.now += leaseMs;
  assert.is(await a.lead(), true);
});

for (const status of [409, 504]) {
  test(`a Lease that was acquired, but whose response was lost, is released (${status})`, async () => {
    const world = createWorld();
    const a = electionOf(world, 'a');
    world.api.intercept = (request) => {
      if (request.method !== 'PATCH') return undefined;
      world.api.intercept = undefined;
      world.api.handle(request);
      // 409 is the response to the second attempt.
      return failure(status, 'canary');
    };
    if (status === 409) assert.is(await a.lead(), true);
    else await rejects(a.lead(), 'refused', /504/);
    assert.is(holderOf(world), 'a');
    await a.release();
    assert.is(holderOf(world), '');
  });
}

function createLeader(world: World, holder: string) {
  const clock = createClock(world.now);
  const stopping = new AbortController();
  const context = testContext({ now: () => clock.now });
  const metrics = createMetrics(context.now);
  const work = { running: 0, started: 0 };
  const ended = leadUntilStopped(
    context,
    createElection(async (request) => world.api.handle(request), context.now, {
      ...{ namespace: 'ops', name: 'refresher', holder, durationMs: leaseMs },
    }),
    metrics,
    { now: context.now, random: () => 0.5, pause: clock.pause, stop: stopping.signal },
    async (stop) => {
      work.started += 1;
      work.running += 1;
      if (!stop.aborted) await new Promise((resolve) => stop.addEventListener('abort', resolve));
      work.running -= 1;
    },
  );
  const stop = async () => {
    stopping.abort();
    await ended;
  };
  return { clock, work, metrics, context, stop };
}

test('works while it leads, and releases the Lease at the end', async () => {
  const world = createWorld();
  const { clock, work, metrics, stop } = createLeader(world, 'a');
  await clock.pass(10 * leaseMs);
  assert.equal(work, { running: 1, started: 1 });
  assert.match(metrics.pages['/metrics']().text, /^icr_refresher_leader 1$/m);
  await stop();
  assert.equal(work, { running: 0, started: 1 });
  assert.is(holderOf(world), '');
  assert.match(metrics.pages['/metrics']().text, /^icr_refresher_leader 0$/m);
});

test('does not begin to work if it is stopped while it acquires the Lease', async () => {
  const world = createWorld();
  const leader = createLeader(world, 'a');
  await leader.stop();
  assert.equal(leader.work, { running: 0, started: 0 });
  assert.is(holderOf(world), '');
});

test('does not work while another replica leads, and takes over after the lease duration', async () => {
  const world = createWorld();
  await electionOf(world, 'b').lead();
  const { clock, work, stop } = createLeader(world, 'a');
  await clock.pass(leaseMs - 1);
  assert.is(work.started, 0);
  await clock.pass(2 * renewLeaseMs);
  assert.is(work.running, 1);
  world.api.leases.set('ops/refresher', {
    version: 99,
    spec: { holderIdentity: 'b', leaseDurationSeconds: leaseMs / 1000 },
  });
  await clock.pass(renewLeaseMs);
  assert.equal(work, { running: 0, started: 1 });
  await stop();
  assert.is(holderOf(world), 'b');
});

test('stops before the Lease expires if it cannot be renewed, and starts again', async () => {
  const world = createWorld();
  const { clock, work, metrics, context, stop } = createLeader(world, 'a');
  await clock.pass(1);
  world.api.intercept = () => failure(500, 'canary');
  await clock.pass(renewLeaseMs);
  assert.is(work.running, 1);
  await clock.pass(leaseMs - 2 * renewLeaseMs);
  assert.is(work.running, 0);
  assert.ok(context.warnings.length > 0);
  assert.match(
    metrics.pages['/metrics']().text,
    /^icr_refresher_failures_total\{code="refused"\} \d+$/m,
  );
  world.api.intercept = undefined;
  await clock.pass(renewLeaseMs);
  assert.equal(work, { running: 1, started: 2 });
  await stop();
});

test('is unhealthy if a loop has not run for five minutes', () => {
  const world = createWorld();
  const { pages, beat, leads } = createMetrics(() => world.now);
  const status = () => pages['/healthz']().status;
  beat('renewals');
  assert.is(status(), 200);
  world.now += 5 * 60_000;
  assert.is(status(), 503);
  beat('election');
  assert.is(status(), 503);
  leads(false);
  assert.is(status(), 200);
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
