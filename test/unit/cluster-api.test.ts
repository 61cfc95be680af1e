import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { inClusterApi } from '../../src/kubernetes/cluster-api.ts';
import { createServerCertificate } from '../sandbox/ca.ts';
import { testContext } from '../support/context.ts';
import { type Home, inHome } from '../support/home.ts';
import { createKubernetesApi, serveKubernetesApi } from '../support/kubernetes-api.ts';
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
      const call = inClusterApi(contextFor(port, { HTTPS_PROXY: proxy }), home.folder);
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
      const { status } = await inClusterApi(contextFor(port), home.folder)(getSecret);
      assert.is(status, 404);
      assert.is(api.requests.length, 3);
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
      const call = inClusterApi(contextFor(port), home.folder);
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
        inClusterApi(context, home.folder)(getSecret),
        'unreachable',
        /did not answer in time/,
      );
      assert.not.match(`${error.message}`, 'canary');
    } finally {
      close();
    }
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
    const api = inClusterApi(contextFor(443), folder);
    fails(() => api(getSecret), 'storage', /token is a FIFO, not a regular file/);
  }));

test.run();
