import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { createPod } from '../kubelet/api-server.ts';
import { createCluster, profileOf } from '../kubelet/cluster.ts';
import { sandboxSuite } from '../sandbox/suite.ts';
import { createKubernetesApi, serveKubernetesApi } from '../support/kubernetes-api.ts';
import { inCloud, newKey, type Person } from './identity-cloud.ts';

const test = sandboxSuite('kubernetes refresher');

const labels = { 'icr.io/pull-secret': 'true' };

/** Starts a replica of the Deployment; returns the address of its metrics. */
async function startReplica(person: Person, port: number, holder: string) {
  const { folder } = person.home;
  const words = `kubernetes refresher --port 0 --host us.icr.io --service-account-directory ${folder} --api-key-file ${folder}/api-key --name ops/refresher`;
  const { child, outcome } = person.start(words, '', {
    KUBERNETES_SERVICE_HOST: '127.0.0.1',
    KUBERNETES_SERVICE_PORT: `${port}`,
    HOSTNAME: holder,
  });
  const [line] = await once(child.stdout as NodeJS.ReadableStream, 'data');
  const metrics = `http://127.0.0.1:${/port (\d+)/.exec(String(line))?.[1]}/metrics`;
  const find = async (pattern: RegExp) => {
    while (!pattern.test(await (await fetch(metrics)).text())) assert.is(child.exitCode, null);
  };
  return { child, outcome, find };
}

test('keeps Secrets with two replicas, watches that are cut off, and a stop', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { value } = sandbox.accounts.addApiKey({ value: newKey() });
    const api = createKubernetesApi();
    api.namespaces.set('shop', { labels });
    api.leases.set('ops/refresher', { version: 1, spec: {} });
    const { port, caPem, drop, close } = await serveKubernetesApi(api);
    try {
      const files = { 'ca.crt': caPem, token: 'canary-api-token', 'api-key': value };
      for (const [name, text] of Object.entries(files)) {
        fs.writeFileSync(path.join(person.home.folder, name), text);
      }
      const first = await startReplica(person, port, 'a');
      await first.find(/^icr_refresher_renewals_total 1$/m);
      assert.match(passwordIn(api, 'shop'), /^eyJ/);
      api.secrets.delete('shop/icr-pull');
      await first.find(/^icr_refresher_renewals_total 2$/m);
      api.namespaces.set('team', { labels });
      await first.find(/^icr_refresher_renewals_total 3$/m);
      drop();
      api.namespaces.set('late', { labels });
      await first.find(/^icr_refresher_renewals_total 4$/m);
      // A replica in the node's network has the same host name.
      const second = await startReplica(person, port, 'a');
      await second.find(/^icr_refresher_leader 0$/m);
      const holder = () => api.leases.get('ops/refresher')?.spec.holderIdentity;
      assert.match(String(holder()), /^a_[\w-]{36}$/);
      for (const { child, outcome } of [second, first]) {
        child.kill('SIGTERM');
        const { status, stderr } = await outcome;
        assert.equal({ status, stderr }, { status: 0, stderr: '' });
      }
      const lists = api.requests.filter((line) => line === 'GET /api/v1/namespaces');
      assert.is(lists.length, 1);
      assert.is(holder(), '');
    } finally {
      close();
    }
  }));

/** Runs the command in a pod: with the API server's address and the files of the pod's service account. */
async function inPod(
  person: Person,
  api: ReturnType<typeof createKubernetesApi>,
  files: Readonly<Record<string, string>>,
  words = '',
) {
  const { folder } = person.home;
  const { port, caPem, close } = await serveKubernetesApi(api);
  try {
    const all = { 'ca.crt': caPem, token: 'canary-api-token', ...files };
    for (const [name, text] of Object.entries(all)) fs.writeFileSync(path.join(folder, name), text);
    const command = `kubernetes refresher --once --host us.icr.io --service-account-directory ${folder} --token-file ${folder}/sa-token ${words}`;
    const env = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: `${port}` };
    return await person.call(command.trim(), '', env);
  } finally {
    close();
  }
}

function passwordIn(api: ReturnType<typeof createKubernetesApi>, namespace: string): string {
  const data = api.secrets.get(`${namespace}/icr-pull`)?.data['.dockerconfigjson'] ?? '';
  return JSON.parse(Buffer.from(data, 'base64').toString()).auths['us.icr.io'].password;
}

test('renews Secrets with the trusted profile of each namespace', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const cluster = createCluster(sandbox);
    const [shop, team] = [cluster.addProfile('ops:refresher'), cluster.addProfile('ops:refresher')];
    const untrusted = cluster.addProfile('ops:other');
    const account = cluster.apiServer.addServiceAccount('ops', 'refresher');
    const token = cluster.apiServer.requestToken(account, createPod(account), 'iam');
    const api = createKubernetesApi();
    const add = (name: string, profile: string) =>
      api.namespaces.set(name, { labels, annotations: { 'icr.io/trusted-profile-id': profile } });
    add('shop', shop);
    add('team', team);
    const first = await inPod(person, api, { 'sa-token': token });
    const expected = { stdout: '2 renewed, 0 unchanged, 0 failed\n', stderr: '', status: 0 };
    assert.equal(first, expected);
    assert.is(profileOf(passwordIn(api, 'shop')), shop);
    assert.is(profileOf(passwordIn(api, 'team')), team);
    add('new', untrusted);
    const second = await inPod(person, api, { 'sa-token': token });
    assert.is(second.stdout, '0 renewed, 2 unchanged, 1 failed\n');
    assert.is(second.status, 1);
    assert.match(second.stderr, /namespace new: IAM refused this pod as trusted profile Profile-/);
    assert.is(sandbox.requests.count({ grant: 'cr-token' }), 3);
  }));

test('renews Secrets with an API key', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { value } = sandbox.accounts.addApiKey({ value: newKey() });
    const api = createKubernetesApi();
    api.namespaces.set('shop', { labels });
    for (const name of ['default', 'build'])
      api.serviceAccounts.set(`shop/${name}`, { version: 1 });
    const words = `--api-key-file ${person.home.folder}/api-key --service-account default --service-account=build`;
    const { stdout, status, stderr } = await inPod(person, api, { 'api-key': value }, words);
    assert.equal({ status, stderr }, { status: 0, stderr: '' });
    assert.is(stdout, '1 renewed, 0 unchanged, 0 failed\n');
    assert.match(passwordIn(api, 'shop'), /^eyJ/);
    for (const { imagePullSecrets } of api.serviceAccounts.values()) {
      assert.equal(imagePullSecrets, [{ name: 'icr-pull' }]);
    }
  }));

test('reports a missing token for IAM', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const api = createKubernetesApi();
    api.namespaces.set('shop', { labels });
    const { status, stderr } = await inPod(person, api, {}, '--trusted-profile Profile-1');
    assert.is(status, 1);
    assert.match(
      stderr,
      /namespace shop: .*sa-token does not exist\nhint: mount a service account/,
    );
  }));

test.run();
