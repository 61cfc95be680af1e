import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { inClusterApi } from '../../src/kubernetes/cluster-api.ts';
import type { WatchEvent } from '../../src/kubernetes/cluster-watch.ts';
import { createServerCertificate } from '../sandbox/ca.ts';
import { testContext } from '../support/context.ts';
import { type Home, inHome } from '../support/home.ts';
import {
  createKubernetesApi,
  failure,
  type KubernetesApi,
  type SendLine,
  serveKubernetesApi,
} from '../support/kubernetes-api.ts';
import { fails, rejects } from '../support/rejects.ts';

const test = suite('API of the cluster');

const secret = { method: 'GET', path: '/api/v1/namespaces/a/secrets/b' } as const;
const getSecret = { ...secret, as: 'PartialObjectMetadata' } as const;

function writeAccount({ folder }: Home, caPem: string, token = 'canary-token\n'): void {
  fs.writeFileSync(path.join(folder, 'ca.crt'), caPem);
  fs.writeFileSync(path.join(folder, 'token'), token);
}

function contextFor(port: number, more: Readonly<Record<string, string>> = {}) {
  const env = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: `${port}`, ...more };
  return testContext({ env, now: Date.now });
}

test('sends the token of the service account, reads only metadata, and uses no proxy', () =>
  inHome(async (home) => {
    const api = createKubernetesApi();
    api.namespaces.set('a', {});
    api.addSecret('a', 'b');
    const { port, caPem, headers, close } = await serveKubernetesApi(api);
    try {
      writeAccount(home, caPem);
      const proxy = 'http://127.0.0.1:9';
      const { api: call } = inClusterApi(contextFor(port, { HTTPS_PROXY: proxy }), home.folder);
      const { status, text } = await call(getSecret);
      assert.is(status, 200);
      assert.is(JSON.parse(text).metadata.name, 'b');
      writeAccount(home, caPem, 'canary-renewed');
      const body = { metadata: { name: 'b', namespace: 'a' } };
      const answer = await call({ ...getSecret, method: 'PATCH', patch: 'apply', body });
      assert.is(answer.status, 409);
      assert.equal(headers, [
        'Bearer canary-token application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
        'Bearer canary-renewed application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
      ]);
    } finally {
      close();
    }
  }));

test('repeats a request after 429 and 503, and returns other responses', () =>
  inHome(async (home) => {
    const api = createKubernetesApi();
    const statuses = [429, 503, 404];
    api.intercept = () => ({ status: statuses.shift() ?? 200, text: '{}', header: () => '0' });
    const { port, caPem, close } = await serveKubernetesApi(api);
    try {
      writeAccount(home, caPem);
      const { status } = await inClusterApi(contextFor(port), home.folder).api(getSecret);
      assert.is(status, 404);
      assert.is(api.requests.length, 3);
    } finally {
      close();
    }
  }));

test('reads large pages, and a certificate authority that was replaced', () =>
  inHome(async (home) => {
    const api = createKubernetesApi();
    api.intercept = () => ({ status: 200, text: 'x'.repeat(26_000_000), header: () => undefined });
    const { port, caPem, close } = await serveKubernetesApi(api);
    try {
      const { caPem: other } = await createServerCertificate(['127.0.0.1']);
      writeAccount(home, other);
      const { api: call } = inClusterApi(contextFor(port), home.folder);
      await rejects(call(getSecret), 'unreachable', /its certificate is not trusted/);
      writeAccount(home, caPem);
      assert.is((await call(getSecret)).text.length, 26_000_000);
      api.intercept = () => ({ status: 200, text: 'x'.repeat(35e6), header: () => undefined });
      await rejects(call(getSecret), 'unreachable', /its answer is longer than 32 MiB/);
    } finally {
      close();
    }
  }));

test('trusts only the certificate authority of the cluster', () =>
  inHome(async (home) => {
    const { port, close } = await serveKubernetesApi(createKubernetesApi());
    try {
      const { caPem } = await createServerCertificate(['127.0.0.1']);
      writeAccount(home, caPem);
      const { api: call } = inClusterApi(contextFor(port), home.folder);
      await rejects(call(getSecret), 'unreachable', /Kubernetes API/);
    } finally {
      close();
    }
  }));

test('ends at the deadline if the server does not respond', () =>
  inHome(async (home) => {
    const { port, caPem, close } = await serveKubernetesApi(createKubernetesApi(), () => {});
    try {
      writeAccount(home, caPem);
      const context = { ...contextFor(port), deadline: Date.now() + 300 };
      const error = await rejects(
        inClusterApi(context, home.folder).api(getSecret),
        'unreachable',
        /did not answer in time/,
      );
      assert.not.match(`${error.message}`, 'canary');
    } finally {
      close();
    }
  }));

const namespaces = {
  path: '/api/v1/namespaces',
  query: { watch: 'true', resourceVersion: '0', labelSelector: 'a=b' },
};

/** Watches namespaces until the stream ends, or as many events have arrived. */
async function eventsOf(
  api: KubernetesApi,
  home: Home,
  { mangle, count = Number.POSITIVE_INFINITY }: { mangle?: SendLine; count?: number } = {},
): Promise<WatchEvent[]> {
  const { port, caPem, headers, close } = await serveKubernetesApi(api, undefined, mangle);
  const stopping = new AbortController();
  try {
    writeAccount(home, caPem);
    const { watch } = inClusterApi(contextFor(port), home.folder);
    const events: WatchEvent[] = [];
    for await (const event of watch(namespaces, stopping.signal)) {
      events.push(event);
      if (events.length === count) stopping.abort();
    }
    assert.match(headers[0] ?? '', 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1');
    return events;
  } finally {
    close();
  }
}

function withNamespaces(...names: readonly string[]): KubernetesApi {
  const api = createKubernetesApi();
  for (const name of names) api.namespaces.set(name, { labels: { a: 'b' } });
  return api;
}

const namesIn = (events: readonly WatchEvent[]) =>
  events.map(({ type, object }) => `${type} ${(object.metadata as { name: string }).name}`);

test('returns events as they arrive, in whole or in parts', () =>
  inHome(async (home) => {
    let sent = Promise.resolve();
    const mangle: SendLine = (response, line) => {
      // Also within a character.
      const bytes = Buffer.from(`\n${line.replace('"b"', '"b",  "é": 1')}`);
      const middle = bytes.indexOf(0xc3) + 1;
      const send = (part: Buffer) => () =>
        new Promise<void>((resolve) => response.write(part, () => setImmediate(resolve)));
      sent = sent.then(send(bytes.subarray(0, middle))).then(send(bytes.subarray(middle)));
    };
    for (const how of [{ count: 2 }, { count: 2, mangle }]) {
      const events = await eventsOf(withNamespaces('x', 'y'), home, how);
      assert.equal(namesIn(events), ['ADDED x', 'ADDED y']);
    }
  }));

test('returns an event of five megabytes, and nothing if it was stopped before', () =>
  inHome(async (home) => {
    const large = { x: 'y'.repeat(5e6) };
    const api = createKubernetesApi();
    api.namespaces.set('x', { labels: { a: 'b' }, annotations: large });
    assert.equal(namesIn(await eventsOf(api, home, { count: 1 })), ['ADDED x']);
    const { watch } = inClusterApi(contextFor(9), home.folder);
    for await (const event of watch(namespaces, AbortSignal.abort()))
      assert.unreachable(event.type);
  }));

test('a stream that is cut off ends, without the event that is not complete', () =>
  inHome(async (home) => {
    const mangle: SendLine = (response, line) => {
      if (line.includes('"x"')) return void response.write(line);
      response.write(line.slice(0, 20), () => response.destroy());
    };
    assert.equal(namesIn(await eventsOf(withNamespaces('x', 'y'), home, { mangle })), ['ADDED x']);
  }));

test('a response with another status is an error event, and is not repeated', () =>
  inHome(async (home) => {
    for (const status of [410, 429, 503]) {
      const api = createKubernetesApi();
      api.intercept = () => failure(status, 'no');
      const [event, ...more] = await eventsOf(api, home);
      const { type, object, retryAfterMs } = event ?? {};
      assert.equal([type, object?.code, object?.message, retryAfterMs], ['ERROR', status, 'no', 0]);
      assert.equal(more, []);
      assert.is(api.requests.length, 1);
    }
  }));

test('a line that is not an event is an error', () =>
  inHome(async (home) => {
    for (const line of ['<html>\n', '{"type":"ADDED"}\n', '[]\n', `${'x'.repeat(17_000_000)}`]) {
      const mangle: SendLine = (response) => void response.write(line);
      await rejects(
        eventsOf(withNamespaces('x'), home, { mangle }),
        'unreachable',
        /invalid event/,
      );
    }
  }));

test('a server that cannot be reached is an error', () =>
  inHome(async (home) => {
    const { port, caPem, close } = await serveKubernetesApi(createKubernetesApi());
    close();
    writeAccount(home, caPem);
    const { watch } = inClusterApi(contextFor(port), home.folder);
    const next = async () => {
      for await (const event of watch(namespaces, new AbortController().signal)) return event;
      return undefined;
    };
    await rejects(
      next(),
      'unreachable',
      /cannot watch the Kubernetes API: the connection was refused/,
    );
  }));

test('is available in a pod only', () =>
  inHome(({ folder }) => {
    fails(() => inClusterApi(testContext(), folder), 'misconfigured', /KUBERNETES_SERVICE_HOST/);
    fails(() => inClusterApi(contextFor(443), folder), 'storage', /ca\.crt/);
  }));

test('does not wait for a FIFO in place of the token', () =>
  inHome(async ({ folder }) => {
    fs.writeFileSync(path.join(folder, 'ca.crt'), 'PEM');
    execFileSync('mkfifo', [path.join(folder, 'token')]);
    const { api } = inClusterApi(contextFor(443), folder);
    fails(() => api(getSecret), 'storage', /token is a FIFO, not a regular file/);
  }));

test.run();
