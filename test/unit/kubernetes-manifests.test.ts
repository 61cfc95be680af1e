import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { DaemonSet } from 'kubernetes-models/apps/v1';
import { ClusterRole, ClusterRoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1';
import { ConfigMap, Secret } from 'kubernetes-models/v1';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import type { ConfigOptions } from '../../src/kubernetes/config-options.ts';
import { apiKeyLoop, installScript } from '../../src/kubernetes/install-script.ts';
import { requireNamespace, requireObjectName } from '../../src/kubernetes/manifest-options.ts';
import { type ManifestOptions, manifests } from '../../src/kubernetes/manifests.ts';
import { pullSecret } from '../../src/kubernetes/pull-secret.ts';
import { textOf } from '../../src/kubernetes/yaml.ts';
import { readProviderConfig } from '../kubelet/config.ts';
import { objectsIn } from '../support/kubernetes-objects.ts';
import { fails } from '../support/rejects.ts';
import { testUnless } from '../support/skip.ts';

const written = suite('Kubernetes manifests');

const kinds = { ClusterRole, ClusterRoleBinding, ConfigMap, DaemonSet, Secret };

const usual: ManifestOptions = {
  image: 'us.icr.io/ns/tools:1',
  executable: '/usr/local/bin/docker-credential-icr',
  namespace: 'kube-system',
  imagePullSecret: undefined,
  apiKeySecret: undefined,
};

function daemonSetOf(options: Partial<ManifestOptions> = {}, who: Partial<ConfigOptions> = {}) {
  const text = manifests({ ...usual, ...options }, { audience: 'iam', ...who }, '--flags');
  const objects = objectsIn(text, kinds);
  const daemonSet = objects.at(-1);
  const config = objects.at(-2).data['credential-provider.yaml'];
  return { text, objects, pod: daemonSet.spec.template.spec, daemonSet, config };
}

written('install the executable and the configuration on every node', () => {
  const { text, objects, pod, config } = daemonSetOf();
  assert.equal(
    objects.map(({ kind }) => kind),
    ['ConfigMap', 'DaemonSet'],
  );
  assert.match(text, /^# .*\n(# .*\n)*# {3}--flags\n/);
  const [provider] = readProviderConfig(config).providers;
  assert.is(provider?.name, 'docker-credential-icr');
  const paths = pod.volumes.flatMap(
    (volume: { hostPath?: { path: string } }) => volume.hostPath?.path ?? [],
  );
  assert.equal(paths, ['/opt/docker-credential-icr/bin', '/etc/docker-credential-icr']);
  assert.is(pod.automountServiceAccountToken, false);
  for (const { securityContext } of [...pod.initContainers, ...pod.containers]) {
    assert.is(securityContext.allowPrivilegeEscalation, false);
    assert.is(securityContext.privileged, undefined);
  }
});

written('let nodes request tokens if pods use their own identity', () => {
  const { objects, config } = daemonSetOf({}, { serviceAccounts: true, audience: 'other' });
  const [role, binding] = objects;
  assert.equal(role.rules, [
    { verbs: ['request-serviceaccounts-token-audience'], apiGroups: [''], resources: ['other'] },
  ]);
  assert.equal(binding.subjects[0].name, 'system:nodes');
  assert.is(
    readProviderConfig(config).providers[0]?.tokenAttributes?.serviceAccountTokenAudience,
    'other',
  );
});

written('refer to the given Secrets', () => {
  const { pod, config } = daemonSetOf({ imagePullSecret: 'pull', apiKeySecret: 'key' });
  assert.equal(pod.imagePullSecrets, [{ name: 'pull' }]);
  assert.equal(pod.volumes.at(-1).secret.secretName, 'key');
  const { env = [] } = readProviderConfig(config).providers[0] ?? {};
  assert.equal(env.at(-1), {
    name: 'DOCKER_CREDENTIAL_ICR_API_KEY',
    value: '@/etc/docker-credential-icr/api-key-from-secret',
  });
});

written('restart the pods if the configuration changes', () => {
  const checksums = [{}, { present: 'iambearer' }, {}].map(
    (who) =>
      daemonSetOf({}, who).daemonSet.spec.template.metadata.annotations['icr.io/config-checksum'],
  );
  assert.is(checksums[0], checksums[2]);
  assert.is.not(checksums[0], checksums[1]);
});

const refused: readonly (readonly [Partial<ManifestOptions>, RegExp])[] = [
  [{ namespace: 'Kube' }, /namespace/],
  [{ namespace: 'a.b' }, /namespace/],
  [{ imagePullSecret: '-x' }, /Kubernetes object/],
  [{ apiKeySecret: '' }, /Kubernetes object/],
  [{ executable: 'bin/x' }, /absolute path/],
];
written('are refused if a name is invalid', () => {
  for (const [options, problem] of refused) {
    fails(() => daemonSetOf(options), 'invalid-input', problem);
  }
});

written('run without root where nothing is written, and with priority', () => {
  for (const apiKeySecret of [undefined, 'key']) {
    const { pod, text } = daemonSetOf({ apiKeySecret });
    assert.is(pod.priorityClassName, 'system-node-critical');
    const [container] = pod.containers;
    const mounts: readonly { mountPath: string }[] = container.volumeMounts ?? [];
    assert.is(container.securityContext.runAsNonRoot ?? false, mounts.length === 0);
    assert.is(mounts.length > 0, apiKeySecret !== undefined);
    for (const each of [...pod.initContainers, ...pod.containers]) {
      assert.equal(each.securityContext.capabilities, { drop: ['ALL'] });
      assert.is(each.terminationMessagePolicy, 'FallbackToLogsOnError');
    }
    assert.match(text, 'Pod Security level "privileged"');
  }
  assert.match(daemonSetOf({}, { serviceAccounts: true }).text, 'Kubernetes 1.34 or later');
});

/** A node's directories and an image's files, for a user who is not root. */
interface NodeFiles {
  readonly file: (...names: string[]) => string;
  /** Runs the init container's script; `key` is the directory of the Secret. */
  readonly install: (key?: string) => { readonly status: number | null; readonly stderr: string };
}

const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

function onNodeFiles(use: (node: NodeFiles) => void | Promise<void>): Promise<void> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-install-'));
  const file = (...names: string[]) => path.join(folder, ...names);
  const own = (name: string) => {
    if (user.uid !== undefined) fs.chownSync(name, user.uid, user.gid);
  };
  own(folder);
  for (const name of ['image', 'config', 'key', 'none', 'bin', 'etc']) {
    fs.mkdirSync(file(name));
    own(file(name));
  }
  fs.writeFileSync(file('image', 'exe'), 'one', { mode: 0o755 });
  fs.writeFileSync(file('config', 'credential-provider.yaml'), 'one');
  fs.writeFileSync(file('key', 'api-key-from-secret'), 'canary');
  const install = (key = 'none') => {
    const paths = [file('image', 'exe'), file('config'), file(key), file('bin'), file('etc')];
    const args = ['-c', installScript, 'install', ...paths];
    return spawnSync('/bin/sh', args, { ...user, encoding: 'utf8', cwd: '/' });
  };
  const done = () => fs.rmSync(folder, { recursive: true });
  return Promise.resolve(use({ file, install })).finally(done);
}

written('install files with the right modes, and replace old ones', () =>
  onNodeFiles(({ file, install }) => {
    const mode = (name: string) => (fs.statSync(file(name)).mode & 0o777).toString(8);
    for (const version of ['one', 'two']) {
      fs.writeFileSync(file('image', 'exe'), version);
      fs.writeFileSync(file('config', 'credential-provider.yaml'), version);
      assert.is(install('key').status, 0);
      assert.is(fs.readFileSync(file('bin', 'docker-credential-icr'), 'utf8'), version);
      assert.is(fs.readFileSync(file('etc', 'credential-provider.yaml'), 'utf8'), version);
    }
    assert.is(mode('bin/docker-credential-icr'), '755');
    assert.is(mode('etc/api-key-from-secret'), '600');
    assert.is(mode('etc'), '700');
  }),
);

written('remove the key of a Secret that is no longer used, and keep other keys', () =>
  onNodeFiles(({ file, install }) => {
    fs.writeFileSync(file('etc', 'api-key'), 'canary-by-hand');
    assert.is(install('key').status, 0);
    assert.is(install().status, 0);
    assert.equal(fs.readdirSync(file('etc')).sort(), ['api-key', 'credential-provider.yaml']);
    assert.equal(fs.readdirSync(file('bin')), ['docker-credential-icr']);
    assert.is(fs.readFileSync(file('etc', 'api-key'), 'utf8'), 'canary-by-hand');
  }),
);

const ofRoot = (name: string) => fs.chownSync(name, 0, 0);
const failures: readonly (readonly [
  what: string,
  prepare: (node: NodeFiles) => void,
  reason: string,
])[] = [
  [
    'an unreadable executable',
    ({ file }) => fs.chmodSync(file('image', 'exe'), 0),
    'root cannot read .*/image/exe in the image; check --executable',
  ],
  [
    'a missing executable',
    ({ file }) => fs.rmSync(file('image', 'exe')),
    'root cannot read .*/image/exe in the image; check --executable',
  ],
  [
    'a directory of another user for executables',
    ({ file }) => ofRoot(file('bin')),
    'another user owns /opt/docker-credential-icr/bin on the node; run chown root:root',
  ],
  [
    'a directory of another user for the configuration',
    ({ file }) => ofRoot(file('etc')),
    'another user owns /etc/docker-credential-icr on the node; run chown root:root',
  ],
  [
    'a directory in place of the configuration',
    ({ file }) => fs.mkdirSync(file('etc', 'credential-provider.yaml')),
    '/etc/docker-credential-icr/credential-provider.yaml is a directory on the node; remove it',
  ],
  [
    'an empty key',
    ({ file }) => fs.writeFileSync(file('key', 'api-key-from-secret'), ''),
    'the key apikey of the Secret is empty',
  ],
];
for (const [what, prepare, reason] of failures) {
  const needsRoot = prepare.toString().includes('ofRoot') && user.uid === undefined;
  testUnless(written, needsRoot && 'needs root')(`report ${what}`, () =>
    onNodeFiles((node) => {
      prepare(node);
      const { status, stderr } = node.install('key');
      assert.is(status, 1);
      assert.match(stderr, new RegExp(`^docker-credential-icr: ${reason}`, 'm'));
      assert.not.match(stderr, 'canary');
    }),
  );
}

written('copy a rotated key to the node', () =>
  onNodeFiles(async ({ file }) => {
    const target = file('etc', 'api-key-from-secret');
    const args = ['-c', apiKeyLoop, 'update', file('key'), file('etc'), '0.05'];
    const loop = spawn('/bin/sh', args, { ...user, stdio: 'inherit' });
    const exit = once(loop, 'exit');
    for (const key of ['canary', 'canary-rotated']) {
      // Renamed into place, as the kubelet updates a mounted Secret.
      fs.writeFileSync(file('key', 'new'), key);
      fs.renameSync(file('key', 'new'), file('key', 'api-key-from-secret'));
      while (!fs.existsSync(target) || fs.readFileSync(target, 'utf8') !== key) {
        assert.is(loop.exitCode, null);
        await setTimeout(10);
      }
    }
    assert.is(fs.statSync(target).mode & 0o777, 0o600);
    loop.kill();
    assert.equal(await exit, [0, null]);
  }),
);

written('contain a pull Secret like one from kubectl', () => {
  const credentials = [
    { match: 'us.icr.io', username: 'iamapikey', password: 'canary-ü"' },
    { match: 'de.icr.io/ns', username: 'iambearer', password: 'canary-2' },
  ];
  const [secret] = objectsIn(textOf(pullSecret('icr', 'shop', credentials)), kinds);
  assert.is(secret.type, 'kubernetes.io/dockerconfigjson');
  assert.equal(secret.metadata, { name: 'icr', namespace: 'shop' });
  const { auths } = JSON.parse(Buffer.from(secret.data['.dockerconfigjson'], 'base64').toString());
  assert.equal(Object.keys(auths), ['us.icr.io', 'de.icr.io/ns']);
  const { auth, ...rest } = auths['us.icr.io'];
  assert.equal(rest, { username: 'iamapikey', password: 'canary-ü"' });
  assert.is(Buffer.from(auth, 'base64').toString(), 'iamapikey:canary-ü"');
  assert.equal(pullSecret('icr', undefined, []).metadata, { name: 'icr' });
});

const texts = [
  ...['y', 'No', 'on', 'off', 'yes', 'true', 'null', '~', '', '1', '1e3', '0x1f', '0o14', '1_000'],
  ...['12:30:00', '.5', '-1', '+1', '2026-01-01', '10%', '*.icr.io', '--a=b', '- a', 'a: b', '# a'],
  ...['=', '<<', '.inf', 'x\ny\n', ' x', 'x ', 'ü', '"', "'", '{a}', '[a]', '&a', '!a', '@a', '`a'],
];
written('preserve strings in YAML 1.1 and 1.2', () => {
  for (const text of texts) {
    const yaml = textOf({ text, list: [text] });
    for (const version of ['1.1', '1.2'] as const) {
      assert.equal(parse(yaml, { version }), { text, list: [text] }, yaml);
    }
    // Go's ParseInt accepts 0o14 and 1_000, which are not integers in either YAML version.
    if (/^[\d+-]/.test(text)) assert.match(yaml, /^text: ["'-]/, yaml);
  }
});

const names = ['icr', 'a', '1', 'all-icr-io', 'a.b.c', 'a'.repeat(63), `${'a'.repeat(63)}.b`];
const noNames = [
  '',
  'A',
  'a_b',
  '-a',
  'a-',
  'a..b',
  '.a',
  'a.',
  'ü',
  'a b',
  'a\n',
  'a'.repeat(254),
];
written('have valid Kubernetes names', () => {
  for (const name of names) assert.is(requireObjectName(name), name);
  for (const name of noNames) fails(() => requireObjectName(name), 'invalid-input');
  for (const name of ['shop', 'kube-system']) assert.is(requireNamespace(name), name);
  for (const name of [...noNames, 'a.b', 'a'.repeat(64)]) {
    fails(() => requireNamespace(name), 'invalid-input');
  }
});

written.run();
