import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { parse, parseAllDocuments } from 'yaml';
import { createCluster, profileOf } from '../kubelet/cluster.ts';
import { type Provider, readProviderConfig } from '../kubelet/config.ts';
import { execPlugin, type PluginRequest } from '../kubelet/exec-plugin.ts';
import { createKubelet } from '../kubelet/kubelet.ts';
import { sandboxSuite } from '../sandbox/suite.ts';
import { executable, type Outcome } from '../support/helper.ts';
import { testUnless } from '../support/skip.ts';
import { addIdentity, inCloud, newKey, type Person, refusal } from './identity-cloud.ts';

const test = sandboxSuite('kubernetes commands');

/** Commands whose standard output may contain a secret. */
function print({ start }: Person, words: string): Promise<Outcome> {
  return start(words).outcome;
}

async function printed(person: Person, words: string): Promise<{ text: string; notes: string }> {
  const { stdout, stderr, status } = await print(person, words);
  assert.is(status, 0, stderr);
  assert.not.match(stderr, /canary|eyJ/);
  return { text: stdout, notes: stderr };
}

/** A kubelet with the printed configuration, whose directories are in this home. */
function kubeletWith(
  { home, env }: Person,
  text: string,
  cluster: ReturnType<typeof createCluster>,
) {
  const [read] = readProviderConfig(text).providers;
  if (read === undefined) throw new Error('no provider');
  const here = (value: string) => value.replace(/^\/(etc|run)\//, `${home.folder}/$1/`);
  const provider: Provider = {
    ...read,
    env: (read.env ?? []).map(({ name, value }) => ({ name, value: here(value) })),
  };
  const environ = Object.fromEntries(
    Object.entries({ PATH: home.env.PATH, ...env }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  );
  const execution = { provider, binDir: path.dirname(executable), environ };
  const exec = (request: PluginRequest) => execPlugin(execution, request);
  return createKubelet({ provider, exec, apiServer: cluster.apiServer });
}

test('config: prints a configuration that a kubelet can use', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { home, start } = person;
    const { text, notes } = await printed(person, 'kubernetes config');
    assert.match(
      notes,
      ' --image-credential-provider-config=/etc/docker-credential-icr/credential-provider.yaml --image-credential-provider-bin-dir=/opt/docker-credential-icr/bin\n',
    );
    assert.match(notes, '/opt/docker-credential-icr/bin/docker-credential-icr');
    const kubelet = kubeletWith(person, text, createCluster(sandbox));
    assert.equal(await kubelet.credentials('us.icr.io/ns/image'), []);
    const key = newKey();
    // Follows the printed notes: a login on the node, into the node's directory.
    const env = { DOCKER_CREDENTIAL_ICR_CONFIG_DIR: `${home.folder}/etc/docker-credential-icr` };
    const login = await start('login --api-key-stdin --no-verify', key, env).outcome;
    assert.is(login.status, 0, login.stderr);
    const expected = [{ username: 'iamapikey', password: key }];
    assert.equal(await kubelet.credentials('private.de.icr.io/ns/image'), expected);
    assert.equal(kubelet.log, []);
  }));

test('config --service-accounts: pods use their own identity', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const cluster = createCluster(sandbox);
    const profile = cluster.addProfile('ns:app');
    const { text, notes } = await printed(person, 'kubernetes config --service-accounts');
    assert.match(notes, 'nodes need them to request tokens of audience iam');
    assert.match(notes, 'requires Kubernetes 1.34 or later');
    const kubelet = kubeletWith(person, text, cluster);
    const [found] = await kubelet.credentials('us.icr.io/a/b', cluster.addPod('ns:app', profile));
    assert.is(profileOf(found?.password), profile);
    assert.equal(await kubelet.credentials('us.icr.io/a/b', cluster.addPod('ns:app')), []);
    assert.match(kubelet.log[0] ?? '', 'has no annotation icr.io/trusted-profile-id');
  }));

test('config --node-profile: nodes use their trusted profile', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { sub: profile } = sandbox.accounts.addTrustedProfile({ ofInstance: true });
    const { text } = await printed(person, `kubernetes config --node-profile ${profile}`);
    const kubelet = kubeletWith(person, text, createCluster(sandbox));
    const [found] = await kubelet.credentials('us.icr.io/ns/image');
    assert.is(profileOf(found?.password), profile);
    assert.is(kubelet.answers[0]?.cacheKeyType, 'Registry');
  }));

test('config --output: writes a file and prints its path', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const file = path.join(person.home.folder, 'provider.yaml');
    const { text, notes } = await printed(person, 'kubernetes config --output provider.yaml');
    assert.is(text, `wrote ${file}\n`);
    assert.match(notes, `--image-credential-provider-config=${file} `);
    assert.is(readProviderConfig(fs.readFileSync(file, 'utf8')).providers.length, 1);
    assert.equal(fs.readdirSync(person.home.folder), ['provider.yaml']);
    const { stdout, status, stderr } = await print(person, 'kubernetes config -o none/x.yaml');
    assert.equal({ stdout, status }, { stdout: '', status: 1 });
    assert.match(stderr, /cannot write .*none\/x.yaml \(ENOENT\)/);
  }));

test('config --output: does not wait for the reader of a FIFO', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    execFileSync('mkfifo', [path.join(person.home.folder, 'fifo')]);
    const { status, stderr } = await print(person, 'kubernetes config -o fifo');
    assert.is(status, 1);
    assert.match(stderr, /cannot write .*fifo \(ENXIO\)/);
  }));

const isRoot = process.geteuid?.() === 0;

testUnless(test, !isRoot && 'needs root')(
  "config --output: root does not write through another user's symlink",
  ({ sandbox }) =>
    inCloud(sandbox, async (person) => {
      const [folder, target] = ['theirs', 'target'].map((name) =>
        path.join(person.home.folder, name),
      ) as [string, string];
      fs.mkdirSync(folder);
      fs.writeFileSync(target, 'unchanged');
      fs.symlinkSync(target, path.join(folder, 'x.yaml'));
      fs.lchownSync(path.join(folder, 'x.yaml'), 1234, 1234);
      fs.chownSync(folder, 1234, 1234);
      const { status } = await print(person, 'kubernetes config -o theirs/x.yaml');
      assert.is(status, 1);
      assert.is(fs.readFileSync(target, 'utf8'), 'unchanged');
    }),
);

/** Returns the registries of a printed Secret with their user names and passwords. */
function authsIn(text: string): Record<string, { username: string; password: string }> {
  const { data, type } = parse(text);
  assert.is(type, 'kubernetes.io/dockerconfigjson');
  return JSON.parse(Buffer.from(data['.dockerconfigjson'], 'base64').toString()).auths;
}

test('secret: contains the credential of each host', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const [work, other] = [addIdentity(person, 'work'), addIdentity(person, 'other')];
    await person.say('map us.icr.io work');
    await person.say('map de.icr.io/ns other');
    const { text, notes } = await printed(person, 'kubernetes secret icr --namespace shop');
    assert.equal(parse(text).metadata, { name: 'icr', namespace: 'shop' });
    const auths = authsIn(text);
    assert.equal(Object.keys(auths).sort(), ['de.icr.io/ns/', 'us.icr.io']);
    assert.is(auths['us.icr.io']?.password, work);
    assert.is(auths['de.icr.io/ns/']?.password, other);
    assert.not.match(notes, 'ends at');
  }));

test('secret: contains only the given identity and hosts', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const work = addIdentity(person, 'work');
    await person.say('map us.icr.io work');
    addIdentity(person, 'spare');
    const keys = async (words: string) => {
      const auths = authsIn((await printed(person, `kubernetes secret icr ${words}`)).text);
      return Object.keys(auths);
    };
    assert.equal(await keys('--identity work'), ['us.icr.io']);
    assert.is((await keys('--identity spare')).length, 26);
    const both = ['private.us.icr.io', 'de.icr.io/ns/'];
    assert.equal(await keys('--identity work --host private.us.icr.io --host de.icr.io/ns'), both);
    const ports = ['us.icr.io:443', 'us.icr.io:443/ns/'];
    assert.equal(
      await keys('--identity work --host us.icr.io:443 --host us.icr.io:443/ns/'),
      ports,
    );
    const { text } = await printed(person, 'kubernetes secret icr --host us.icr.io');
    assert.is(authsIn(text)['us.icr.io']?.password, work);
  }));

test('secret --bearer: contains one access token, and prints its expiry', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { value } = sandbox.accounts.addApiKey({ value: newKey() });
    addIdentity(person, 'work', {}, value);
    await person.say('map * work');
    sandbox.requests.reset();
    for (const words of ['--bearer', '--bearer --identity work']) {
      const { text, notes } = await printed(person, `kubernetes secret icr ${words}`);
      const auths = Object.values(authsIn(text));
      assert.is(auths.length, 26);
      assert.equal([...new Set(auths.map(({ username }) => username))], ['iambearer']);
      assert.is(new Set(auths.map(({ password }) => password)).size, 1);
      assert.not.match(text, value);
      assert.match(
        notes,
        /expires at 20\d\d-.*Z, in (59|60) min; pods that start later cannot pull/,
      );
    }
    assert.is(sandbox.requests.count({ service: 'iam' }), 2, 'as new as can be');
  }));

const refusals: readonly (readonly [words: string, line: string, hint?: string])[] = [
  [
    'kubernetes secret Icr',
    'invalid name of a Kubernetes object',
    'use up to 253 characters of a-z, 0-9, - and ., with a letter or digit at both ends',
  ],
  [
    'kubernetes secret icr --namespace a.b',
    'invalid name of a Kubernetes namespace',
    'use up to 63 characters of a-z, 0-9 and -, with a letter or digit at both ends',
  ],
  ['kubernetes secret icr', 'no credential for icr.io', 'run docker-credential-icr login icr.io'],
  [
    'kubernetes secret icr --host us.icr.io',
    'no credential for us.icr.io',
    'run docker-credential-icr login us.icr.io',
  ],
  [
    'kubernetes secret icr --host quay.io',
    'quay.io is not a host of IBM Cloud Container Registry',
    'use a host that ends in icr.io',
  ],
  ...[
    ['us.icr.io/a/b', 'us.icr.io/a'],
    ['us.icr.io/a:1', 'us.icr.io/a'],
    ['us.icr.io/A', 'us.icr.io'],
    ['us.icr.io/v2', 'us.icr.io'],
    ['us.icr.io/v2/a', 'us.icr.io/a'],
    ['us.icr.io:8443', 'us.icr.io'],
    ['US.icr.io', 'us.icr.io'],
    ['us.icr.io.', 'us.icr.io'],
    ['https://us.icr.io', 'us.icr.io'],
  ].map(
    ([host, instead]) =>
      [
        `kubernetes secret icr --host ${host}`,
        'invalid --host; expected HOST or HOST/NAMESPACE',
        `use --host ${instead}`,
      ] as const,
  ),
  [
    'kubernetes secret icr --identity work --host cp.icr.io',
    'no credential for cp.icr.io',
    'run docker-credential-icr login --entitlement-key-stdin',
  ],
  [
    'kubernetes secret icr --identity nobody',
    'identity nobody does not exist',
    'run docker-credential-icr login --identity nobody',
  ],
  [
    'kubernetes secret icr --identity key --bearer',
    'identity key cannot be presented as iambearer',
    'use --present cp',
  ],
  [
    'kubernetes config --trusted-profile Profile-1',
    '--trusted-profile requires --service-accounts',
    'add --service-accounts, or remove --trusted-profile',
  ],
  [
    'kubernetes config --iam-endpoint http://iam.example',
    '--iam-endpoint is not an https:// address',
    'use https://: secrets are sent there',
  ],
  [
    `kubernetes manifests other --url https://example.com/x`,
    'unknown manifest',
    'use cloud-init, machineconfig, refresher',
  ],
  [
    'kubernetes manifests refresher --image us.icr.io/a/b --host us.icr.io --present iambearer',
    '--present is not an option of refresher',
    'remove --present',
  ],
  [
    'kubernetes manifests refresher --image us.icr.io/a/b',
    '--host is missing',
    'use --host with the registry of your images, such as us.icr.io',
  ],
  ['kubernetes refresher --host us.icr.io --port 70000', 'invalid --port', 'use --port 8080'],
  [
    'kubernetes refresher --once --host us.icr.io',
    'KUBERNETES_SERVICE_HOST is not set',
    'run this command in a pod; see docker-credential-icr kubernetes manifests refresher',
  ],
  [
    'kubernetes manifests cloud-init',
    'invalid --url; expected https://HOST/PATH',
    'use --url with the address of a release archive for Linux',
  ],
  [
    'kubernetes manifests cloud-init --role worker',
    '--role is not an option of cloud-init',
    'remove --role',
  ],
  [
    'kubernetes daemonset',
    '--image is missing',
    'use --image with an image that contains this executable and a shell',
  ],
  [
    'kubernetes daemonset --image us.icr.io/a/b --api-key-secret key --present iambearer',
    'the API key in a Secret cannot be presented as iambearer',
    'remove --present',
  ],
  [
    'kubernetes daemonset --image us.icr.io/a/b --api-key-secret key --identity a',
    '--identity and --api-key-secret cannot be used together',
    'use --identity or --api-key-secret',
  ],
  [
    'kubernetes daemonset --image us.icr.io/a/b --executable bin',
    'invalid --executable; expected an absolute path',
    'use --executable with the path of the executable in the image',
  ],
];

test('prints nothing on standard output if it refuses the arguments', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    addIdentity(person, 'key', { kind: 'entitlement-key' });
    addIdentity(person, 'work');
    for (const [words, line, hint] of refusals) {
      assert.equal(await print(person, words), refusal(line, hint), words);
    }
  }));

const digest = `sha256:${'0a'.repeat(32)}`;
const images: readonly [image: string, isPinned: boolean][] = [
  [`us.icr.io/ns/tools@${digest}`, true],
  [`us.icr.io/ns/tools:1@${digest}`, true],
  ['us.icr.io/ns/tools', false],
  ['us.icr.io/ns/tools:1', false],
  ['us.icr.io/ns/tools:latest', false],
  ['us.icr.io/ns/tools@sha256:0a', false],
  [`us.icr.io/ns/tools:${digest.slice('sha256:'.length)}`, false],
];

test('daemonset: warns about an image without a digest, and the help shows one', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    for (const [image, isPinned] of images) {
      const { text, notes } = await printed(person, `kubernetes daemonset --image ${image}`);
      assert.is(notes.includes(`${image} has no digest`), !isPinned, image);
      assert.match(text, image);
    }
    const { stdout } = await print(person, 'kubernetes daemonset --help');
    assert.match(stdout, /HOST\/NAMESPACE\/NAME@sha256:DIGEST/);
  }));

test('daemonset: prints manifests and the remaining steps', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const words = 'kubernetes daemonset --image us.icr.io/ns/tools:1 --service-accounts';
    const { text, notes } = await printed(person, words);
    const kinds = parseAllDocuments(text).map((document) => document.get('kind'));
    assert.equal(kinds, ['ClusterRole', 'ClusterRoleBinding', 'ConfigMap', 'DaemonSet']);
    assert.match(notes, 'the DaemonSet does not restart the kubelet');
    assert.match(notes, 'does not prepare new nodes');
    assert.match(notes, 'on IKS and ROKS');
    assert.match(notes, 'requires Kubernetes 1.34 or later');
  }));

const download = `--url https://example.com/x.tar.gz --sha256 ${'0a'.repeat(32)}`;

test('manifests: prints what new nodes need, and the remaining steps', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { text, notes } = await printed(person, `kubernetes manifests cloud-init ${download}`);
    assert.match(text, /^#cloud-config\n/);
    assert.match(notes, 'log in on every node as root');
    const words = `kubernetes manifests machineconfig ${download} --service-accounts --role infra`;
    const object = await printed(person, words);
    assert.is(parse(object.text).metadata.name, '99-infra-docker-credential-icr');
    assert.match(object.notes, 'requires Kubernetes 1.34 or later');
    assert.not.match(object.notes, 'log in');
    const image = `us.icr.io/ns/tools@${digest}`;
    const refresher = await printed(
      person,
      `kubernetes manifests refresher --image ${image} --host us.icr.io --host de.icr.io --namespace ops --service-account default --service-account build`,
    );
    const names = parseAllDocuments(refresher.text).map((document) => document.get('kind'));
    assert.equal(names, [
      ...['ServiceAccount', 'ClusterRole', 'ClusterRoleBinding', 'NetworkPolicy', 'CronJob'],
    ]);
    for (const option of ['host=de.icr.io', 'service-account=build']) {
      assert.match(refresher.text, `\n                - --${option}\n`);
    }
    assert.match(refresher.notes, 'kubectl create namespace ops');
    assert.not.match(refresher.notes, 'has no digest');
  }));

test.run();
