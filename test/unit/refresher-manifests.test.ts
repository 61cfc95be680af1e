import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Deployment } from 'kubernetes-models/apps/v1';
import { CronJob } from 'kubernetes-models/batch/v1';
import { Lease } from 'kubernetes-models/coordination.k8s.io/v1';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import {
  ClusterRole,
  ClusterRoleBinding,
  Role,
  RoleBinding,
} from 'kubernetes-models/rbac.authorization.k8s.io/v1';
import { ServiceAccount } from 'kubernetes-models/v1';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAllDocuments } from 'yaml';
import { refresherBase, resourceFile } from '../../scripts/deploy.ts';
import { refresherManifests } from '../../src/kubernetes/refresher-manifests.ts';
import { checkRefresher, type RefresherChoice } from '../../src/kubernetes/refresher-options.ts';
import type { RefresherManifest } from '../../src/kubernetes/refresher-pod.ts';
import { hostOf } from '../support/host.ts';
import { objectsIn } from '../support/kubernetes-objects.ts';
import { fails } from '../support/rejects.ts';
import { testUnless } from '../support/skip.ts';

const test = suite('manifests of the refresher');

const kinds = {
  ...{ ServiceAccount, ClusterRole, ClusterRoleBinding, NetworkPolicy, CronJob },
  ...{ Deployment, Lease, Role, RoleBinding },
};

const usual: RefresherManifest = {
  namespace: 'ops',
  image: 'us.icr.io/ns/tools:1',
  executable: '/usr/local/bin/docker-credential-icr',
  imagePullSecret: undefined,
  apiKeySecret: undefined,
  iamEndpoint: undefined,
  hosts: ['us.icr.io', 'de.icr.io/ns/'],
  selector: 'icr.io/pull-secret=true',
  secretName: 'icr-pull',
  profile: undefined,
  name: 'refresher',
  serviceAccounts: [],
  isDeployment: false,
};

function objectsOf(change: Partial<RefresherManifest> = {}) {
  const text = refresherManifests({ ...usual, ...change });
  const objects = objectsIn(text, kinds);
  const [account, role, binding] = objects;
  const [policy, job] = objects.slice(-2);
  const pod = (job.spec.jobTemplate ?? job).spec.template.spec;
  return { objects, account, role, binding, policy, job, pod, container: pod.containers[0] };
}

test('grant only the Secret and the list of namespaces', () => {
  const { role, binding, account, objects } = objectsOf();
  assert.is(objects.length, 5);
  assert.equal(role.rules, [
    { verbs: ['list'], apiGroups: [''], resources: ['namespaces'] },
    {
      verbs: ['get', 'create', 'patch'],
      apiGroups: [''],
      resources: ['secrets'],
      resourceNames: ['icr-pull'],
    },
    { verbs: ['create'], apiGroups: [''], resources: ['events'] },
  ]);
  const accounts = objectsOf({ serviceAccounts: ['default', 'build'] });
  assert.equal(accounts.role.rules.at(-1), {
    verbs: ['get', 'patch'],
    apiGroups: [''],
    resources: ['serviceaccounts'],
    resourceNames: ['default', 'build'],
  });
  assert.ok(accounts.container.args.includes('--service-account=build'));
  assert.is(binding.roleRef.name, role.metadata.name);
  assert.equal(binding.subjects, [{ kind: 'ServiceAccount', name: 'refresher', namespace: 'ops' }]);
  assert.is(account.automountServiceAccountToken, false);
});

test('meet the Pod Security level restricted', () => {
  const { pod, container } = objectsOf();
  // OpenShift refuses a user or a group that it did not assign.
  const seccompProfile = { type: 'RuntimeDefault' };
  assert.equal(pod.securityContext, { runAsNonRoot: true, seccompProfile });
  assert.equal(pod.securityContext.seccompProfile, { type: 'RuntimeDefault' });
  assert.equal(container.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
  const types = pod.volumes.flatMap((volume: object) =>
    Object.keys(volume).filter((name) => name !== 'name'),
  );
  assert.equal(types, ['projected', 'projected']);
});

test('run the command with the options of the manifest', () => {
  const { container, job, pod } = objectsOf({ profile: 'Profile-1', iamEndpoint: 'https://iam' });
  assert.equal(container.args, [
    ...['kubernetes', 'refresher', '--once', '--host=us.icr.io', '--host=de.icr.io/ns/'],
    ...['--selector=icr.io/pull-secret=true', '--secret-name=icr-pull', '--name=ops/refresher'],
    '--trusted-profile=Profile-1',
  ]);
  assert.equal(container.env, [{ name: 'IBMCLOUD_IAM_API_ENDPOINT', value: 'https://iam' }]);
  assert.is(job.spec.concurrencyPolicy, 'Forbid');
  assert.is(job.spec.schedule, '*/5 * * * *');
  assert.is(pod.volumes[1].projected.sources[0].serviceAccountToken.audience, 'iam');
});

test('run two replicas with a Lease', () => {
  const { objects, role, policy, container, job, pod } = objectsOf({ isDeployment: true });
  assert.equal(
    objects.map(({ kind }) => kind),
    [
      ...['ServiceAccount', 'ClusterRole', 'ClusterRoleBinding', 'Lease', 'Role', 'RoleBinding'],
      ...['NetworkPolicy', 'Deployment'],
    ],
  );
  const [namespaces, secrets, ...rules] = role.rules;
  assert.equal(namespaces.verbs, ['list', 'watch']);
  assert.equal(secrets.verbs, ['get', 'list', 'watch', 'create', 'patch']);
  assert.equal(secrets.resourceNames, ['icr-pull']);
  assert.equal(rules, objectsOf().role.rules.slice(2));
  const accounts = objectsOf({ isDeployment: true, serviceAccounts: ['default'] }).role.rules;
  assert.equal(accounts.at(-1).verbs, ['get', 'list', 'watch', 'patch']);
  assert.equal(accounts[1].resourceNames, ['icr-pull', 'icr-pull-default']);
  const ofLease = { apiGroups: ['coordination.k8s.io'], resources: ['leases'] };
  const leaseRule = { verbs: ['get', 'create', 'patch'], ...ofLease, resourceNames: ['refresher'] };
  assert.equal(objects[4].rules, [leaseRule]);
  assert.is(job.spec.replicas, 2);
  assert.is(pod.topologySpreadConstraints[0].topologyKey, 'kubernetes.io/hostname');
  assert.equal(job.spec.selector.matchLabels, job.spec.template.metadata.labels);
  assert.is(pod.restartPolicy, undefined);
  assert.equal(container.args.slice(0, 3), ['kubernetes', 'refresher', '--port=8080']);
  assert.equal(container.ports, [{ name: 'metrics', containerPort: 8080 }]);
  assert.equal(policy.spec.ingress, [{ ports: [{ protocol: 'TCP', port: 8080 }] }]);
});

test('mount files that a user without a group of the pod can read', () => {
  const modes = [{}, { apiKeySecret: 'key' }].flatMap((options) =>
    objectsOf(options).pod.volumes.map(
      ({ projected, secret }: Record<string, { defaultMode: number }>) =>
        (projected ?? secret)?.defaultMode,
    ),
  );
  assert.equal(modes, [0o444, 0o444, 0o444, 0o444]);
});

test('mount an API key instead of a token for IAM', () => {
  const { container, pod } = objectsOf({ apiKeySecret: 'key', imagePullSecret: 'pull' });
  assert.ok(container.args.includes('--api-key-file=/var/run/secrets/icr/api-key'));
  assert.equal(pod.imagePullSecrets, [{ name: 'pull' }]);
  assert.is(pod.volumes[1].secret.secretName, 'key');
  assert.not.match(JSON.stringify(pod), '"audience"');
});

test('are the Kustomize base in deploy/', () => {
  assert.is(fs.readFileSync(resourceFile, 'utf8'), refresherBase(), 'run make deploy');
});

const base = path.dirname(resourceFile);
const isInstalled = spawnSync('kubectl', ['version', '--client']).status === 0;
testUnless(test, !isInstalled && 'not installed: kubectl')('are built by kubectl kustomize', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-kustomize-'));
  try {
    fs.cpSync(base, path.join(folder, 'base'), { recursive: true });
    const image = { name: 'docker-credential-icr', newName: 'us.icr.io/ns/tools', newTag: '1' };
    // Debian's kubectl 1.20 does not accept directories in `resources`.
    const overlay = { bases: ['base'], namespace: 'ops', images: [image] };
    fs.writeFileSync(path.join(folder, 'kustomization.yaml'), JSON.stringify(overlay));
    const { stdout, stderr, status } = spawnSync('kubectl', ['kustomize', folder], {
      encoding: 'utf8',
    });
    assert.is(status, 0, stderr);
    const objects = parseAllDocuments(stdout).map((document) => document.toJS());
    assert.is(objects.length, 5);
    const job = objects.find(({ kind }) => kind === 'CronJob');
    assert.is(job.metadata.namespace, 'ops');
    const [container] = job.spec.jobTemplate.spec.template.spec.containers;
    assert.is(container.image, 'us.icr.io/ns/tools:1');
    const binding = objects.find(({ kind }) => kind === 'ClusterRoleBinding');
    assert.is(binding.subjects[0].namespace, 'ops');
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});

const choice: RefresherChoice = {
  keys: [],
  selector: 'a=b',
  secretName: 'icr-pull',
  profile: undefined,
  apiKeyFile: undefined,
  name: 'ops/refresher',
  serviceAccounts: [],
};

function keysOf(...texts: readonly string[]): RefresherChoice['keys'] {
  return texts.map((text) => ({ text, host: hostOf(text) }));
}

const refused: readonly (readonly [change: Partial<RefresherChoice>, problem: RegExp])[] = [
  [{ keys: [] }, /--host is missing/],
  [{ keys: keysOf('us.icr.io/a/b') }, /invalid --host/],
  [{ keys: keysOf('cp.icr.io') }, /does not accept access tokens/],
  [{ secretName: 'all-icr-io' }, /Secret of the cluster/],
  [{ secretName: 'us-icr-io' }, /Secret of the cluster/],
  [{ secretName: 'a', serviceAccounts: ['icr-io'] }, /a-icr-io is a Secret of the cluster/],
  [{ secretName: 'A' }, /invalid name/],
  [{ serviceAccounts: ['a', ''] }, /invalid name/],
  [{ selector: '' }, /invalid --selector/],
  [{ selector: 'a&limit=1' }, /invalid --selector/],
  [{ name: '' }, /invalid --name/],
  [{ name: 'refresher' }, /invalid --name/],
  [{ name: 'a/b/c' }, /invalid --name/],
  [{ profile: 'Profile-' }, /trusted profile/],
  [{ profile: 'Profile-1', apiKeyFile: '/k' }, /cannot be used together/],
];
test('refuse options that cannot be used', () => {
  for (const [change, problem] of refused) {
    const given = { ...choice, keys: keysOf('us.icr.io'), ...change };
    fails(() => checkRefresher(given), 'invalid-input', problem);
  }
  const keys = keysOf('us.icr.io', 'us.icr.io:443/ns', 'us.icr.io');
  assert.equal(checkRefresher({ ...choice, keys }), ['us.icr.io', 'us.icr.io:443/ns/']);
});

test.run();
