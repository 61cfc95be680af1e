import { Lease } from 'kubernetes-models/coordination.k8s.io/v1';
import { Event, Secret, ServiceAccount } from 'kubernetes-models/v1';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ClusterRequest } from '../../src/kubernetes/cluster-api.ts';
import { createElection, leadUntilStopped } from '../../src/kubernetes/leader-lease.ts';
import { refreshContinuously } from '../../src/kubernetes/refresh-continuously.ts';
import { createMetrics } from '../../src/kubernetes/refresh-metrics.ts';
import { refreshNamespaces } from '../../src/kubernetes/refresh-namespace.ts';
import { intervalsMs } from '../../src/kubernetes/refreshed-secret.ts';
import { refresherManifests } from '../../src/kubernetes/refresher-manifests.ts';
import { noon, testContext } from '../support/context.ts';
import { createKubernetesApi } from '../support/kubernetes-api.ts';
import { createAuthorizer } from '../support/kubernetes-rbac.ts';
import { createClock } from '../support/virtual-clock.ts';

const test = suite('rights of the refresher');

const models = { secrets: Secret, events: Event, serviceaccounts: ServiceAccount, leases: Lease };

/** Validates the body of a request with the schema that Kubernetes publishes; a merge patch is a part of an object. */
function validateBody({ path, body }: ClusterRequest): void {
  if (body === undefined) return;
  const Model = Object.entries(models).find(([resource]) => path.includes(`/${resource}`))?.[1];
  if (Model === undefined) throw new Error(`no schema for ${path}`);
  new Model(body as never).validate();
}

/** Runs the refresher against an API server that enforces the printed rights. */
function createWorld(isDeployment: boolean, serviceAccounts: readonly string[]) {
  const manifest = refresherManifests({
    ...{ namespace: 'ops', name: 'refresher', image: 'us.icr.io/ns/tools:1', executable: '/icr' },
    ...{ imagePullSecret: undefined, apiKeySecret: undefined, iamEndpoint: undefined },
    ...{ hosts: ['us.icr.io'], selector: 'icr.io/pull-secret=true', secretName: 'icr-pull' },
    ...{ profile: undefined, serviceAccounts, isDeployment },
  });
  const api = createKubernetesApi();
  const authorizer = createAuthorizer(manifest, api);
  const refused: string[] = [];
  api.intercept = (request: ClusterRequest) => {
    validateBody(request);
    const answer = authorizer.check(request);
    if (answer !== undefined) refused.push(answer.text);
    return answer;
  };
  api.leases.set('ops/refresher', { version: 1, spec: {} });
  const labels = { 'icr.io/pull-secret': 'true' };
  const profile = { 'icr.io/trusted-profile-id': 'Profile-1' };
  api.namespaces.set('shop', { labels, annotations: profile });
  // The Secret of this namespace cannot be renewed: an Event is created.
  api.namespaces.set('bad', { labels });
  for (const account of serviceAccounts) {
    api.serviceAccounts.set(`shop/${account}`, { version: 1, annotations: profile });
    api.serviceAccounts.set(`bad/${account}`, { version: 1 });
  }
  const clock = createClock(noon);
  const context = testContext({ now: () => clock.now });
  const cluster = {
    api: async (request: ClusterRequest) => api.handle(request),
    watch: api.watch,
    requestToken: async () => {
      const { now } = clock;
      return { token: 'canary', issuedAt: now, expiresAt: now + 3600_000 };
    },
  };
  const options = {
    ...{ selector: 'icr.io/pull-secret=true', secretName: 'icr-pull', hosts: ['us.icr.io'] },
    ...{ profile: undefined, usesApiKey: false, refresher: 'ops/refresher', serviceAccounts },
    intervalMs: intervalsMs.cronjob,
  };
  const once = async () => {
    await refreshNamespaces(context, cluster, options);
    clock.now += 30 * 60_000;
    await refreshNamespaces(context, cluster, options);
  };
  const continuously = async () => {
    const stopping = new AbortController();
    const { pause } = clock;
    const control = { now: context.now, random: () => 0.5, pause, stop: stopping.signal };
    const metrics = createMetrics(context.now);
    const lease = { namespace: 'ops', name: 'refresher', holder: 'a', durationMs: 60_000 };
    const election = createElection(cluster.api, context.now, lease);
    const ended = leadUntilStopped(context, election, metrics, control, (stop) =>
      refreshContinuously(context, cluster, options, metrics, { ...control, stop }),
    );
    await clock.pass(30 * 60_000);
    // It is created again.
    api.leases.clear();
    await clock.pass(60_000);
    stopping.abort();
    await clock.pass(0);
    await ended;
  };
  return { api, refused, run: isDeployment ? continuously : once, authorizer };
}

for (const isDeployment of [false, true]) {
  for (const serviceAccounts of [[], ['default', 'build']]) {
    const mode = `the ${isDeployment ? 'Deployment' : 'CronJob'} with ${serviceAccounts.length} service accounts`;
    test(`${mode} uses all rights of its manifest, and no others`, async () => {
      const { api, refused, run, authorizer } = createWorld(isDeployment, serviceAccounts);
      await run();
      assert.equal(refused, []);
      assert.equal(authorizer.unused(), []);
      assert.is(api.secrets.size, 1 + serviceAccounts.length);
      assert.ok(api.events.some(({ namespace }) => namespace === 'bad'));
    });
  }
}

test.run();
