import * as assert from 'uvu/assert';
import { findProgram } from '../../src/files/executables.ts';
import type { ApiKey } from '../sandbox/api-keys.ts';
import { sandboxSuite } from '../sandbox/suite.ts';
import {
  type ApiListener,
  createKubernetesApi,
  serveKubernetesApi,
} from '../support/kubernetes-api.ts';
import { testUnless } from '../support/skip.ts';
import { base64, onlyNewKey, write } from './api-key-copies-world.ts';
import { addUserWithKey, keysOf } from './api-key-world.ts';
import { inCloud, type Person } from './identity-cloud.ts';

// With the real kubectl, and a simulated API server.

const suite = sandboxSuite('api-key rotate --to kubernetes:');
const { env, platform } = process;
const hasKubectl = findProgram({ env, platform }, 'kubectl') !== undefined;
const test = testUnless(suite, !hasKubectl && 'not installed: kubectl');

interface Cluster {
  readonly api: ReturnType<typeof createKubernetesApi>;
  readonly person: Person;
  readonly old: ApiKey;
  /** Returns the text of an entry of Secret build/icr. */
  readonly entry: (key: string) => string;
}

/** Runs `use` with a cluster whose Secret build/icr has the given entries. */
function inCluster(
  sandbox: Parameters<typeof inCloud>[0] & Parameters<typeof addUserWithKey>[0],
  dataOf: (key: string) => Readonly<Record<string, string>>,
  use: (cluster: Cluster) => Promise<void>,
  answer?: (api: Cluster['api'], send: () => void) => void,
): Promise<void> {
  return inCloud(sandbox, async (person) => {
    const old = addUserWithKey(sandbox, person, 'jane');
    const api = createKubernetesApi();
    api.namespaces.set('build', {});
    api.addSecret('build', 'icr', { labels: { team: 'a' } });
    const secret = api.secrets.get('build/icr');
    assert.ok(secret);
    const data = Object.entries(dataOf(old.value)).map(([key, text]) => [key, base64(text)]);
    Object.assign(secret ?? {}, { data: Object.fromEntries(data) });
    const listener = await serveKubernetesApi(api, (send) => (answer ?? plainly)(api, send));
    const KUBECONFIG = write(person, 'kubeconfig', kubeconfig(listener));
    const call: Person['call'] = (words, input, more) =>
      person.call(words, input, { KUBECONFIG, ...more });
    const say: Person['say'] = (words, input, more) =>
      person.say(words, input, { KUBECONFIG, ...more });
    const entry = (key: string) =>
      Buffer.from(api.secrets.get('build/icr')?.data[key] ?? '', 'base64').toString();
    try {
      await use({ api, person: { ...person, call, say }, old, entry });
    } finally {
      listener.close();
    }
  });
}

function plainly(_: Cluster['api'], send: () => void): void {
  send();
}

function kubeconfig({ port, caPem }: ApiListener): string {
  const cluster = {
    server: `https://127.0.0.1:${port}`,
    'certificate-authority-data': base64(caPem),
  };
  return JSON.stringify({
    kind: 'Config',
    apiVersion: 'v1',
    'current-context': 'prod/a',
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user: { token: 'canary-token' } }],
    contexts: [
      { name: 'prod/a', context: { cluster: 'c', user: 'u' } },
      { name: 'other', context: { cluster: 'c', user: 'gone' } },
    ],
  });
}

test('replaces the key in an Opaque Secret, and nothing else', ({ sandbox }) => {
  const data = (key: string) => ({ API_KEY: `${key}\n`, other: 'b', env: `A=1\nK=${key}` });
  return inCluster(sandbox, data, async ({ api, person, old, entry }) => {
    const said = await person.say('api-key rotate jane --to kubernetes://build/icr');
    const { value } = onlyNewKey(sandbox, old);
    assert.equal(
      [entry('API_KEY'), entry('env'), entry('other')],
      [`${value}\n`, `A=1\nK=${value}`, 'b'],
    );
    const { metadata, type } = api.secrets.get('build/icr') ?? {};
    assert.equal([metadata?.labels, type], [{ team: 'a' }, 'kubernetes.io/dockerconfigjson']);
    assert.match(
      said,
      /\nkubernetes:\/\/build\/icr\?context=prod%2Fa now contains the new key; IAM accepts it\n/,
    );
    const requests = api.requests.filter((request) => request.includes('/secrets/'));
    const verbs = requests.map((request) => request.split(' ')[0]);
    assert.equal(verbs, ['GET', 'GET', 'PUT', 'GET'], 'check, read, replace, read back');
  });
});

test('replaces the key in config.json of a pull Secret', ({ sandbox }) => {
  const data = (key: string) => ({
    '.dockerconfigjson': `{"auths":{"icr.io":{"auth":"${base64(`iamapikey:${key}`)}"},"x":{"auth":"eDp5"}}}`,
  });
  return inCluster(sandbox, data, async ({ person, old, entry }) => {
    await person.say('api-key rotate jane --to kubernetes://build/icr/.dockerconfigjson');
    const { value } = onlyNewKey(sandbox, old);
    assert.is(entry('.dockerconfigjson'), data(value)['.dockerconfigjson']);
  });
});

test('changes only the named entry', ({ sandbox }) => {
  const data = (key: string) => ({ a: key, b: key });
  return inCluster(sandbox, data, async ({ person, old, entry }) => {
    const gone = await person.call('api-key rotate jane --to kubernetes://build/icr/c');
    assert.match(
      gone.stderr,
      /: Secret build\/icr has no entry c\nhint: run kubectl describe secret/,
    );
    await person.say('api-key rotate jane --to kubernetes://build/icr/b');
    assert.equal([entry('a'), entry('b')], [old.value, onlyNewKey(sandbox, old).value]);
  });
});

test('keeps a change that another program makes at the same time', ({ sandbox }) => {
  let reads = 0;
  const whileReplaced = (api: Cluster['api'], send: () => void) => {
    send();
    reads += 1;
    const secret = api.secrets.get('build/icr');
    // After the read that precedes the change.
    if (reads !== 2 || secret === undefined) return;
    secret.data = { ...secret.data, other: base64('changed') };
    api.edit('build', 'icr');
  };
  const data = (key: string) => ({ a: key, other: 'b' });
  return inCluster(
    sandbox,
    data,
    async ({ person, old, entry }) => {
      await person.say('api-key rotate jane --to kubernetes://build/icr');
      assert.equal([entry('a'), entry('other')], [onlyNewKey(sandbox, old).value, 'changed']);
    },
    whileReplaced,
  );
});

const errors: readonly (readonly [target: string, message: RegExp])[] = [
  [
    'kubernetes://build/gone',
    /: kubectl for Secret build\/gone failed \(exit status 1: .*not found\)\nhint: run kubectl get secret gone --namespace build\n$/,
  ],
  ['kubernetes://build/icr?context=other', /kubectl for Secret build\/icr failed \(/],
  ['kubernetes://build/icr/b', /does not contain the API key\nhint: /],
];
for (const [target, message] of errors) {
  test(`changes nothing for ${target}`, ({ sandbox }) =>
    inCluster(
      sandbox,
      (key) => ({ a: key, b: 'x' }),
      async ({ api, person, old }) => {
        const { stderr, status } = await person.call(`api-key rotate jane --to ${target}`);
        assert.match(stderr, message);
        assert.is(status, 1);
        assert.is(keysOf(sandbox, old.iamId).length, 1);
        assert.not.match(api.requests.join(), /PUT/);
      },
    ));
}

test('refuses an immutable Secret, and changes nothing', ({ sandbox }) =>
  inCluster(
    sandbox,
    (key) => ({ a: key }),
    async ({ api, person, old }) => {
      Object.assign(api.secrets.get('build/icr') ?? {}, { immutable: true });
      const { stderr } = await person.call('api-key rotate jane --to kubernetes://build/icr');
      assert.match(stderr, /is immutable\nhint: create a Secret with another name/);
      assert.is(keysOf(sandbox, old.iamId).length, 1);
    },
  ));

suite.run();
