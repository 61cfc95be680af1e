import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HelperError } from '../../src/errors.ts';
import { refreshContinuously } from '../../src/kubernetes/refresh-continuously.ts';
import { createMetrics } from '../../src/kubernetes/refresh-metrics.ts';
import { intervalsMs } from '../../src/kubernetes/refreshed-secret.ts';
import type { RefreshOptions } from '../../src/kubernetes/renew-secret.ts';
import { createRandom } from '../kubelet/random.ts';
import { noon, testContext } from '../support/context.ts';
import { createKubernetesApi, failure, respond } from '../support/kubernetes-api.ts';
import { createClock } from '../support/virtual-clock.ts';

const test = suite('refresher with watches');
const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const annotation = 'icr.io/trusted-profile-id';
const selected = { 'icr.io/pull-secret': 'true' };

function namespaceWith(profile: string) {
  return { labels: selected, annotations: { [annotation]: profile } };
}

/** Runs the refresher with a simulated API server and a clock that tests advance. */
async function inCluster(
  use: (cluster: ReturnType<typeof start>) => Promise<void>,
  options: Partial<RefreshOptions> = {},
) {
  const cluster = start(options);
  try {
    await use(cluster);
  } finally {
    await cluster.stop();
  }
}

function start(options: Partial<RefreshOptions>, api = createKubernetesApi()) {
  const clock = createClock(noon);
  const stopping = new AbortController();
  const context = testContext({ now: () => clock.now });
  const metrics = createMetrics(context.now);
  const iam = { requests: 0, fault: undefined as HelperError | undefined };
  const ended = refreshContinuously(
    context,
    {
      api: async (request) => api.handle(request),
      watch: api.watch,
      requestToken: async (profile) => {
        iam.requests += 1;
        if (iam.fault) throw iam.fault;
        const { now } = clock;
        return { token: `canary-${profile}-${iam.requests}`, issuedAt: now, expiresAt: now + hour };
      },
    },
    {
      ...{ selector: 'icr.io/pull-secret=true', secretName: 'icr-pull', hosts: ['us.icr.io'] },
      ...{ profile: undefined, usesApiKey: false, refresher: 'ops/refresher', serviceAccounts: [] },
      intervalMs: intervalsMs.deployment,
      ...options,
    },
    metrics,
    {
      now: context.now,
      random: createRandom(1),
      pause: clock.pause,
      stop: stopping.signal,
    },
  );
  const passwordIn = (namespace: string, name = 'icr-pull') => {
    const { data } = api.secrets.get(`${namespace}/${name}`) ?? {};
    const text = Buffer.from(data?.['.dockerconfigjson'] ?? '', 'base64').toString();
    return text && JSON.parse(text).auths['us.icr.io'].password;
  };
  const stop = async () => {
    stopping.abort();
    await clock.pass(0);
    await ended;
  };
  const metricsText = () => metrics.pages['/metrics']().text;
  return { api, clock, context, iam, passwordIn, ended, stop, metricsText };
}

test('a new namespace has its Secret at once, without another list', () =>
  inCluster(async ({ api, clock, passwordIn, metricsText }) => {
    await clock.pass(second);
    api.namespaces.set('shop', namespaceWith('Profile-1'));
    api.namespaces.set('other', {});
    await clock.pass(second);
    assert.match(passwordIn('shop'), 'canary-Profile-1-');
    assert.is(api.secrets.size, 1);
    assert.is(api.requests.filter((line) => line === 'GET /api/v1/namespaces').length, 1);
    assert.match(metricsText(), /^icr_refresher_namespaces\{outcome="ok"\} 1$/m);
    assert.match(metricsText(), /^icr_refresher_earliest_expiry_timestamp_seconds \d+$/m);
  }));

test('a namespace that is labelled, annotated or unlabelled is followed at once', () =>
  inCluster(async ({ api, clock, passwordIn, iam, metricsText }) => {
    api.namespaces.set('shop', {});
    await clock.pass(second);
    api.namespaces.set('shop', namespaceWith('Profile-1'));
    await clock.pass(second);
    assert.match(passwordIn('shop'), 'canary-Profile-1-');
    api.namespaces.set('shop', namespaceWith('Profile-2'));
    await clock.pass(second);
    assert.match(passwordIn('shop'), 'canary-Profile-2-');
    api.namespaces.set('shop', { annotations: { [annotation]: 'Profile-2' } });
    await clock.pass(hour);
    assert.is(iam.requests, 2);
    assert.match(metricsText(), /^icr_refresher_namespaces\{outcome="ok"\} 0$/m);
    assert.not.match(metricsText(), /^icr_refresher_earliest_expiry_timestamp_seconds \d/m);
  }));

/** Requests of a Secret that was restored. */
const patches = ({ requests }: { readonly requests: readonly string[] }) =>
  requests.filter((line) => line.startsWith('PATCH')).length;

test('a Secret that was deleted or edited is restored at once, and once in a minute', () =>
  inCluster(async ({ api, clock, iam, passwordIn }) => {
    api.namespaces.set('shop', namespaceWith('Profile-1'));
    api.namespaces.set('other', {});
    await clock.pass(second);
    api.secrets.clear();
    await clock.pass(second);
    assert.match(passwordIn('shop'), 'canary-Profile-1-');
    api.addSecret('other', 'icr-pull');
    await clock.pass(2 * minute);
    api.edit('shop', 'icr-pull', { '.dockerconfigjson': 'foreign' });
    await clock.pass(second);
    assert.match(passwordIn('shop'), 'canary-Profile-1-');
    assert.equal([patches(api), iam.requests], [3, 1]);
    for (let edits = 0; edits < 10 * 60; edits += 1) {
      api.edit('shop', 'icr-pull', { '.dockerconfigjson': 'foreign' });
      await clock.pass(second);
    }
    assert.ok(patches(api) <= 3 + 11, `${patches(api)}`);
    await clock.pass(minute);
    assert.match(passwordIn('shop'), 'canary-Profile-1-');
  }));

test('a Secret that is no longer marked as its own is reported and not changed', () =>
  inCluster(async ({ api, clock }) => {
    api.namespaces.set('shop', namespaceWith('Profile-1'));
    await clock.pass(second);
    api.secrets.delete('shop/icr-pull');
    api.addSecret('shop', 'icr-pull');
    await clock.pass(20 * second);
    assert.is(api.secrets.get('shop/icr-pull')?.data['.dockerconfigjson'], 'foreign');
    assert.match(api.events[0]?.message ?? '', 'was not created by this refresher');
  }));

test('a Secret that cannot be watched is restored within about five minutes', () =>
  inCluster(async ({ api, clock }) => {
    api.intercept = ({ path }) =>
      path === '/api/v1/secrets' ? failure(403, 'forbidden') : undefined;
    api.namespaces.set('shop', namespaceWith('Profile-1'));
    await clock.pass(second);
    api.secrets.clear();
    await clock.pass(6 * minute);
    assert.is(api.secrets.size, 1);
  }));

test('sends no request after it was stopped', () =>
  inCluster(
    async ({ api, clock, stop }) => {
      api.serviceAccounts.set('shop/default', { version: 1 });
      api.namespaces.set('shop', namespaceWith('Profile-1'));
      api.intercept = ({ path }) => {
        if (path.endsWith('/serviceaccounts/default')) void stop();
        return undefined;
      };
      await clock.pass(second);
      assert.match(api.requests.at(-1) ?? '', /serviceaccounts\/default$/);
      assert.equal([api.secrets.size, api.events.length], [0, 0]);
    },
    { serviceAccounts: ['default'] },
  ));

test('continues after an error event without a code, and objects without a version', () =>
  inCluster(async ({ api, clock, context }) => {
    api.namespaces.set('shop', namespaceWith('Profile-1'));
    let watches = 0;
    api.intercept = ({ path, query = {} }) => {
      if (path !== '/api/v1/namespaces') return undefined;
      if (query.watch === 'true') return watches++ === 0 ? respond(NaN, {}) : undefined;
      const metadata = { name: 'shop', ...namespaceWith('Profile-1') };
      return respond(200, { metadata: {}, items: [{ metadata }] });
    };
    await clock.pass(minute);
    assert.is(api.secrets.size, 1);
    assert.equal(context.warnings, [
      'the Kubernetes API refused to watch the list of namespaces (500)',
    ]);
  }));

test('a service account is changed when it is created or annotated', () =>
  inCluster(
    async ({ api, clock, passwordIn }) => {
      const { serviceAccounts } = api;
      const secretsOf = () =>
        serviceAccounts.get('shop/default')?.imagePullSecrets?.map(({ name }) => name);
      api.namespaces.set('shop', {
        labels: selected,
        annotations: { [annotation]: 'Profile-1', 'icr.io/service-account-profiles': 'Profile-2' },
      });
      await clock.pass(second);
      assert.is(api.events.length, 0);
      serviceAccounts.set('shop/default', { version: 1, imagePullSecrets: [{ name: 'other' }] });
      await clock.pass(second);
      assert.equal(secretsOf(), ['other', 'icr-pull']);
      const account = serviceAccounts.get('shop/default');
      const annotations = { [annotation]: 'Profile-2' };
      serviceAccounts.set('shop/default', { ...account, version: 5, annotations });
      await clock.pass(second);
      assert.equal(secretsOf(), ['other', 'icr-pull-default']);
      assert.match(passwordIn('shop', 'icr-pull-default'), 'canary-Profile-2-');
      serviceAccounts.set('shop/default', { ...account, version: 9 });
      await clock.pass(second);
      assert.equal(secretsOf(), ['other', 'icr-pull']);
    },
    { serviceAccounts: ['default'] },
  ));

test('a watch that ends continues with the last version; one that has expired lists again', () =>
  inCluster(async ({ api, clock, context }) => {
    api.namespaces.set('a', namespaceWith('Profile-1'));
    await clock.pass(20 * second);
    api.endWatches();
    api.namespaces.set('b', namespaceWith('Profile-1'));
    await clock.pass(2 * second);
    assert.is(api.secrets.size, 2);
    const lists = () => api.requests.filter((line) => line === 'GET /api/v1/namespaces').length;
    assert.is(lists(), 1);
    api.namespaces.delete('a');
    api.secrets.clear();
    api.endWatches(true);
    api.namespaces.set('c', namespaceWith('Profile-1'));
    await clock.pass(5 * second);
    assert.is(lists(), 2);
    assert.ok(api.secrets.has('c/icr-pull'));
    await clock.pass(6 * minute);
    assert.equal([...api.secrets.keys()].sort(), ['b/icr-pull', 'c/icr-pull']);
    assert.equal(context.warnings, []);
  }));

const faults = [
  failure(429, 'too many requests'),
  failure(500, 'etcd'),
  failure(403, 'forbidden'),
  failure(504, 'Too large resource version'),
];
for (const fault of faults) {
  test(`a watch that fails with ${fault.status} is tried again, with growing delays`, () =>
    inCluster(async ({ api, clock, context, metricsText }) => {
      api.intercept = ({ query = {} }) => (query.watch === 'true' ? fault : undefined);
      await clock.pass(10 * minute);
      const attempts = api.requests.filter((line) => line.startsWith('WATCH /api/v1/namespaces'));
      assert.ok(attempts.length >= 10 && attempts.length < 40, `${attempts.length}`);
      assert.match(context.warnings.join(), /to watch the list of namespaces/);
      assert.match(metricsText(), /^icr_refresher_failures_total\{code="refused"\} \d+$/m);
      api.intercept = undefined;
      await clock.pass(minute);
      api.namespaces.set('shop', namespaceWith('Profile-1'));
      await clock.pass(second);
      assert.is(api.secrets.size, 1);
    }));
}

test('a server that ends each watch at once is not asked without a pause', () =>
  inCluster(async ({ api, clock }) => {
    api.intercept = ({ query = {} }) => {
      if (query.watch === 'true') setImmediate(() => api.endWatches());
      return undefined;
    };
    await clock.pass(10 * minute);
    const attempts = api.requests.filter((line) => line.startsWith('WATCH /api/v1/namespaces'));
    assert.ok(attempts.length < 40, `${attempts.length}`);
  }));

test('an object that is not valid is listed again', () =>
  inCluster(async ({ api, clock, context }) => {
    api.namespaces.set('shop', namespaceWith('Profile-1'));
    let lists = 0;
    api.intercept = ({ path, query = {} }) => {
      if (path !== '/api/v1/namespaces' || query.watch === 'true' || lists++ > 0) return undefined;
      return respond(200, { metadata: { resourceVersion: '1' }, items: [{}] });
    };
    api.endWatches(true);
    await clock.pass(5 * second);
    assert.is(api.secrets.size, 1);
    assert.match(context.warnings.join(), /invalid response for an object/);
  }));

test('renews the token of all namespaces with one profile together, after 18 to 24 minutes', () =>
  inCluster(async ({ api, clock, iam }) => {
    for (let index = 0; index < 50; index += 1) {
      api.namespaces.set(`ns-${index}`, namespaceWith('Profile-1'));
    }
    await clock.pass(17 * minute);
    api.namespaces.set('late', namespaceWith('Profile-1'));
    await clock.pass(minute / 2);
    assert.is(iam.requests, 1);
    await clock.pass(7 * minute);
    assert.is(iam.requests, 2);
    const contents = [...api.secrets.values()].map(({ data }) => data['.dockerconfigjson']);
    assert.equal([contents.length, new Set(contents).size], [51, 1]);
  }));

test('reports a failure that lasts for some seconds once, and IAM is asked less and less', () =>
  inCluster(async ({ api, clock, iam, context, metricsText }) => {
    iam.fault = new HelperError('refused', 'IAM refused', { hint: 'fix it' });
    api.namespaces.set('shop', namespaceWith('Profile-1'));
    await clock.pass(400);
    assert.equal([iam.requests, api.events.length], [1, 0]);
    await clock.pass(9 * minute);
    assert.is(api.events.length, 1);
    assert.match(api.events[0]?.message ?? '', 'IAM refused; fix it');
    assert.is(context.warnings.length, 1);
    assert.ok(iam.requests < 20, `${iam.requests}`);
    assert.match(metricsText(), /^icr_refresher_namespaces\{outcome="failed"\} 1$/m);
    await clock.pass(3 * minute);
    assert.is(api.events.length, 2);
    iam.fault = undefined;
    await clock.pass(70 * second);
    assert.is(api.secrets.size, 1);
  }));

test('says in the Event when the token expires, and that it has', () =>
  inCluster(async ({ api, clock, iam }) => {
    api.namespaces.set('shop', namespaceWith('Profile-1'));
    await clock.pass(second);
    iam.fault = new HelperError('unreachable', 'cannot reach IAM');
    await clock.pass(2 * hour);
    const texts = api.events.map(({ message }) => message);
    assert.match(
      texts[0] ?? '',
      'cannot reach IAM; the token in the Secret expires at 2026-01-01T13:0',
    );
    assert.match(texts.at(-1) ?? '', 'the token in the Secret expired at 2026-01-01T13:0');
  }));

test('finds what has changed while the API server was down', () =>
  inCluster(async ({ api, clock }) => {
    api.namespaces.set('a', namespaceWith('Profile-1'));
    await clock.pass(second);
    api.intercept = () => {
      throw new HelperError('unreachable', 'the connection was refused');
    };
    api.endWatches(true);
    await clock.pass(5 * minute);
    api.namespaces.delete('a');
    api.namespaces.set('b', namespaceWith('Profile-1'));
    await clock.pass(hour);
    api.intercept = undefined;
    api.secrets.clear();
    await clock.pass(2 * minute);
    assert.equal([...api.secrets.keys()], ['b/icr-pull']);
  }));

test('a refresher that was killed at any request is replaced by another one', async () => {
  for (let requests = 1; requests <= 12; requests += 1) {
    const first = start({ serviceAccounts: ['default'] });
    const { api } = first;
    for (const name of ['a', 'b']) {
      api.serviceAccounts.set(`${name}/default`, { version: 1 });
      api.namespaces.set(name, namespaceWith('Profile-1'));
    }
    api.addSecret('a', 'other');
    api.intercept = () => {
      if (api.requests.length > requests) throw new Error('killed');
      return undefined;
    };
    const ended = first.ended.catch((error) => assert.is(error.message, 'killed'));
    await first.clock.pass(minute);
    await first.stop().catch(() => {});
    await ended;
    api.intercept = undefined;
    const second = start({ serviceAccounts: ['default'] }, api);
    await second.clock.pass(minute);
    await second.stop();
    for (const name of ['a', 'b']) {
      assert.match(second.passwordIn(name), 'canary-Profile-1-');
      assert.equal(api.serviceAccounts.get(`${name}/default`)?.imagePullSecrets, [
        { name: 'icr-pull' },
      ]);
    }
    assert.is(api.secrets.get('a/other')?.data['.dockerconfigjson'], 'foreign');
    assert.equal(second.context.warnings, []);
  }
});

test('24 hours, 500 namespaces, outages of half an hour: no Secret expires', () =>
  inCluster(async ({ api, clock, iam }) => {
    for (let index = 0; index < 500; index += 1) {
      api.namespaces.set(`ns-${index}`, namespaceWith(`Profile-${index % 50}`));
    }
    const earliest = () =>
      Math.min(
        ...[...api.secrets.values()].map(({ metadata }) =>
          Date.parse(metadata.annotations?.['icr.io/expires-at'] ?? ''),
        ),
      );
    await clock.pass(minute);
    const start = clock.now;
    while (clock.now < start + 24 * hour) {
      // An outage of 30 minutes begins every 125 minutes, so that it meets tokens of all ages.
      const isDown = (clock.now - start) % (125 * minute) < 30 * minute;
      iam.fault = isDown ? new HelperError('unreachable', 'cannot reach IAM') : undefined;
      await clock.pass(5 * minute);
      assert.ok(earliest() > clock.now, new Date(clock.now).toISOString());
    }
    assert.is(api.secrets.size, 500);
    // 50 profiles, each at most every 18 minutes, and in outages one request in half a minute.
    assert.ok(iam.requests < (50 * 24 * 60) / 18 + 2 * 12 * 30, `${iam.requests}`);
  }));

test.run();
