import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { parseAllDocuments } from 'yaml';
import { pinsFor } from '../../scripts/image/debian-packages.ts';
import { root } from '../../scripts/package/stamp.ts';
import { type Server, startServer } from '../e2e/clients/server.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { sandboxSuite } from '../sandbox/suite.ts';
import { collect, executable, type Outcome } from '../support/helper.ts';
import { createKubernetesApi, serveKubernetesApi } from '../support/kubernetes-api.ts';
import { testUnless } from '../support/skip.ts';
import { isInstalled, run as runIn, version } from './release.ts';

const test = sandboxSuite('the container image');
const layout = path.join(root, 'dist', 'image');
const scratch = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'icr-image-')));
const program = '/usr/local/bin/docker-credential-icr';

function run(command: string, words: readonly string[]): string {
  return runIn(command, words, scratch);
}

interface Reference {
  readonly digest: string;
  readonly platform?: { readonly architecture: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

function blob(digest: string): Buffer {
  return fs.readFileSync(path.join(layout, 'blobs', ...digest.split(':')));
}

function json(digest: string) {
  return JSON.parse(blob(digest).toString());
}

/** Returns the tags of the layout, and their digests. */
function tags(): Map<string, string> {
  const { manifests } = JSON.parse(fs.readFileSync(path.join(layout, 'index.json'), 'utf8'));
  return new Map(
    manifests.map(({ digest, annotations }: Reference) => [
      annotations?.['org.opencontainers.image.ref.name'],
      digest,
    ]),
  );
}

const isBuilt = fs.existsSync(layout) && tags().has(version);
const built = testUnless(test, !isBuilt && 'make image has not built the image of this version');

/** Returns the manifest of an image for one architecture. */
function manifestOf(tag: string, architecture: string) {
  const { manifests } = json(tags().get(tag) ?? '');
  const found = manifests.find((each: Reference) => each.platform?.architecture === architecture);
  return json(found.digest);
}

/** Extracts the layers into a new directory. */
function extract(tag: string, architecture: string): string {
  const folder = fs.mkdtempSync(path.join(scratch, 'root-'));
  for (const { digest } of manifestOf(tag, architecture).layers) {
    execFileSync('tar', ['-xzpf', '-', '-C', folder], { input: blob(digest) });
  }
  return folder;
}

function filesIn(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.join(entry.parentPath, entry.name).slice(folder.length));
}

for (const architecture of ['amd64', 'arm64']) {
  for (const suffix of ['', '-daemonset']) {
    built(`${architecture}${suffix}: has the expected files, user and labels`, () => {
      const manifest = manifestOf(version + suffix, architecture);
      const { config, os: system, architecture: declared } = json(manifest.config.digest);
      assert.equal([system, declared], ['linux', architecture]);
      assert.is(config.User, '65532:65532');
      assert.equal(config.Entrypoint, [program]);
      assert.is(config.Labels['org.opencontainers.image.version'], version);
      assert.is(config.Labels['org.opencontainers.image.licenses'], 'Apache-2.0');
      const folder = extract(version + suffix, architecture);
      const files = filesIn(folder);
      for (const file of [program, '/etc/ssl/certs/ca-certificates.crt', '/etc/passwd'])
        assert.ok(files.includes(file), file);
      const certificates = fs.readFileSync(path.join(folder, 'etc/ssl/certs/ca-certificates.crt'));
      assert.ok(certificates.toString().split('BEGIN CERTIFICATE').length > 100);
      for (const name of ['libc6', 'ca-certificates', 'docker-credential-icr'])
        assert.ok(fs.existsSync(path.join(folder, 'usr/share/doc', name)), name);
      const commands = files.filter((file) => /\/s?bin\//.test(file) && file !== program);
      if (suffix === '') assert.equal(commands, []);
      else assert.ok(commands.includes('/bin/sh'));
      assert.is(fs.statSync(path.join(folder, 'tmp')).mode & 0o7777, 0o1777);
      const home = fs.statSync(path.join(folder, 'home/nonroot'));
      assert.is(home.mode & 0o7777, 0o755);
      if (process.getuid?.() === 0) assert.is(home.uid, 65532);
      const writable = spawnSync('find', [folder, '-perm', '/6002', '-not', '-type', 'l']);
      assert.is(writable.stdout.toString(), `${path.join(folder, 'tmp')}\n`, 'setuid or writable');
    });
  }
}

built('an SBOM with the packages of Debian refers to each image', () => {
  for (const [suffix, names] of [
    ['', ['libc6', 'ca-certificates']],
    ['-daemonset', ['libc6', 'ca-certificates', 'busybox-static']],
  ] as const) {
    const digest = tags().get(version + suffix) ?? '';
    const manifest = json(tags().get(`${digest.replace(':', '-')}.sbom`) ?? '');
    assert.is(manifest.subject.digest, digest);
    const bom = json(manifest.layers[0].digest);
    const debian = bom.components.filter(({ purl = '' }) => purl.startsWith('pkg:deb/'));
    for (const architecture of ['amd64', 'arm64']) {
      for (const pin of pinsFor(architecture, names)) {
        assert.ok(debian.some((each: { version: string }) => each.version === pin.version));
      }
    }
    assert.is(new Set(debian.map(({ name }: { name: string }) => name)).size, names.length);
    assert.ok(bom.components.some(({ name }: { name: string }) => name === 'axios'));
  }
});

built('a second build has the same digests', () => {
  const before = fs.readFileSync(path.join(layout, 'index.json'), 'utf8');
  const env = { ...process.env, TZ: 'Asia/Tokyo', LC_ALL: 'C', SOURCE_DATE_EPOCH: epochOf() };
  const words = ['-c', 'umask 077; exec "$@"', 'sh', process.execPath, 'scripts/image.ts'];
  execFileSync('sh', words, { cwd: root, env, stdio: 'ignore' });
  assert.is(fs.readFileSync(path.join(layout, 'index.json'), 'utf8'), before);
});

/** The time of the built image: another commit may have been made since. */
function epochOf(): string {
  const { annotations } = json(tags().get(version) ?? '');
  return String(Date.parse(annotations['org.opencontainers.image.created']) / 1000);
}

const emulator = testUnless(
  test,
  (!isBuilt && 'not built') ||
    (!isInstalled('qemu-aarch64-static') && 'qemu-user-static is missing'),
);

emulator('arm64: runs with the libraries of the image only', () => {
  for (const suffix of ['', '-daemonset']) {
    const folder = extract(version + suffix, 'arm64');
    const words = ['-L', folder, path.join(folder, program), 'version'];
    assert.match(run('qemu-aarch64-static', words), `v${version}`);
  }
  const folder = extract(`${version}-daemonset`, 'arm64');
  const shell = [path.join(folder, 'bin/busybox'), 'sh', '-c', 'echo "$((6 * 7))"'];
  assert.is(run('qemu-aarch64-static', shell), '42\n');
});

const missing = ['skopeo', 'podman', 'runc', 'docker-registry'].filter(
  (name) => !isInstalled(name),
);
const reason =
  (!isBuilt && 'not built') ||
  (missing.length > 0 && `not installed: ${missing.join(', ')}`) ||
  (process.getuid?.() !== 0 && 'needs root');
const withPodman = testUnless(test, reason);

let server: Server | undefined;
let registry = '';

const storage = ['--root', path.join(scratch, 'storage'), '--runroot', path.join(scratch, 'run')];
const podman = [
  'podman',
  ...storage,
  '--storage-driver=vfs',
  '--cgroup-manager=cgroupfs',
  '--runtime=runc',
];

test.before(async () => {
  if (reason !== false) return;
  const port = await freePort();
  registry = `127.0.0.1:${port}`;
  const settings = {
    version: 0.1,
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: path.join(scratch, 'registry') } },
    http: { addr: registry },
  };
  const file = path.join(scratch, 'registry.yml');
  fs.writeFileSync(file, JSON.stringify(settings));
  server = await startServer(['docker-registry', 'serve', file], {
    env: { PATH: '/usr/bin:/bin' },
    log: `${file}.log`,
    listens: { host: '127.0.0.1', port },
  });
});

test.after(async () => {
  await server?.close();
  if (server) spawnSync(podman[0] ?? '', [...podman.slice(1), 'rmi', '--all', '--force']);
  fs.rmSync(scratch, { recursive: true, force: true });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as net.AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

/** Copies a tag to the registry; returns the reference with its digest. */
function push(tag: string): string {
  const target = `docker://${registry}/icr:${tag}`;
  const words = ['copy', '--quiet', '--all', '--preserve-digests', '--dest-tls-verify=false'];
  run('skopeo', [...words, `oci:${layout}:${tag}`, target]);
  const inspected = run('skopeo', ['inspect', '--raw', '--tls-verify=false', target]);
  assert.equal(JSON.parse(inspected), json(tags().get(tag) ?? ''));
  return `${registry}/icr@${tags().get(tag)}`;
}

/** Runs a container without capabilities and with a read-only root file system. */
function container(
  options: readonly string[],
  words: readonly string[],
  input = '',
): Promise<Outcome> {
  const limits = ['--ulimit=nofile=1024:1024', '--ulimit=nproc=100:100'];
  const hardened = ['--cap-drop=all', '--security-opt=no-new-privileges', '--read-only'];
  const [name = '', ...rest] = [...podman, 'run', '--rm', '--interactive', '--network=host'];
  const child = spawn(name, [...rest, ...limits, ...hardened, ...options, ...words]);
  child.stdin.end(input);
  child.stdin.on('error', () => {});
  return collect(child, 120_000);
}

function pull(reference: string): void {
  run(podman[0] ?? '', [...podman.slice(1), 'pull', '--quiet', '--tls-verify=false', reference]);
}

function cloud({ iamUrl, caFile }: Sandbox): string[] {
  const folder = fs.mkdtempSync(path.join(scratch, 'ca-'));
  fs.chmodSync(folder, 0o755);
  fs.copyFileSync(caFile, path.join(folder, 'ca.pem'));
  fs.chmodSync(path.join(folder, 'ca.pem'), 0o644);
  return [
    ...['--volume', `${folder}:/ca:ro`, '--env', 'SSL_CERT_FILE=/ca/ca.pem'],
    ...['--env', `IBMCLOUD_IAM_API_ENDPOINT=${iamUrl}`],
  ];
}

function success({ stdout, stderr, status }: Outcome): string {
  assert.is(status, 0, stdout + stderr);
  return stdout;
}

withPodman(
  'from a registry by digest: version, get, an access token, and kubelet',
  async ({ sandbox }) => {
    const image = push(version);
    pull(image);
    assert.match(success(await container([], [image, 'version'])), ` v${version}\n`);
    const key = sandbox.accounts.addApiKey({}).value;
    const env = ['--env', `IBMCLOUD_API_KEY=${key}`, ...cloud(sandbox)];
    const answer = JSON.parse(success(await container(env, [image, 'get'], 'us.icr.io')));
    assert.equal(answer, { ServerURL: 'us.icr.io', Username: 'iamapikey', Secret: key });
    assert.match(success(await container(env, [image, 'token'])), /^eyJ[\w.-]+\n$/);
    const request = {
      apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
      kind: 'CredentialProviderRequest',
      image: 'us.icr.io/team/app:1',
    };
    const response = JSON.parse(
      success(await container(env, [image, 'kubelet'], JSON.stringify(request))),
    );
    assert.is(response.kind, 'CredentialProviderResponse');
    assert.is(Object.values<{ password: string }>(response.auth)[0]?.password, key);
    const shell = await container(['--entrypoint=/bin/sh'], [image, '-c', 'echo shell']);
    assert.is.not(shell.status, 0, 'there is a shell');
  },
);

withPodman('runs as any user, as in OpenShift and as the refresher', async ({ sandbox }) => {
  const image = push(version);
  pull(image);
  const key = sandbox.accounts.addApiKey({}).value;
  for (const user of ['65534:65534', '1000680000:0', '0:0']) {
    const env = [`--user=${user}`, '--env', `IBMCLOUD_API_KEY=${key}`, ...cloud(sandbox)];
    const answer = success(await container(env, [image, 'get'], 'us.icr.io'));
    assert.is(JSON.parse(answer).Secret, key, user);
    assert.match(success(await container(env, [image, 'token'])), /^eyJ[\w.-]+\n$/);
  }
});

withPodman('kubernetes refresher --once renews a Secret', async ({ sandbox }) => {
  const image = push(version);
  pull(image);
  const api = createKubernetesApi();
  api.namespaces.set('shop', { labels: { 'icr.io/pull-secret': 'true' } });
  const { port, caPem, close } = await serveKubernetesApi(api);
  try {
    const folder = fs.mkdtempSync(path.join(scratch, 'pod-'));
    fs.chmodSync(folder, 0o755);
    const key = sandbox.accounts.addApiKey({}).value;
    const files = { 'ca.crt': caPem, token: 'canary-api-token', 'api-key': key };
    for (const [name, text] of Object.entries(files))
      fs.writeFileSync(path.join(folder, name), text);
    const address = ['KUBERNETES_SERVICE_HOST=127.0.0.1', `KUBERNETES_SERVICE_PORT=${port}`];
    const env = address.flatMap((each) => ['--env', each]);
    const options = [
      '--user=65534:65534',
      '--volume',
      `${folder}:/pod:ro`,
      ...env,
      ...cloud(sandbox),
    ];
    const words = ['kubernetes', 'refresher', '--once', '--host=us.icr.io'];
    const places = ['--service-account-directory=/pod', '--api-key-file=/pod/api-key'];
    const outcome = await container(options, [image, ...words, ...places]);
    assert.is(success(outcome), '1 renewed, 0 unchanged, 0 failed\n');
    assert.ok(api.secrets.has('shop/icr-pull'));
  } finally {
    close();
  }
});

withPodman('the SBOM is in the registry', () => {
  const digest = tags().get(version) ?? '';
  push(`${digest.replace(':', '-')}.sbom`);
});

withPodman('the DaemonSet installs the executable on a node', async () => {
  const image = push(`${version}-daemonset`);
  pull(image);
  const words = ['kubernetes', 'daemonset', '--image', image, '--api-key-secret', 'icr'];
  const yaml = spawnSync(executable, words, { encoding: 'utf8', env: { HOME: scratch } });
  assert.is(yaml.status, 0, yaml.stderr);
  const objects = parseAllDocuments(yaml.stdout).map((document) => document.toJS());
  const { spec } = objects.find(({ kind }) => kind === 'DaemonSet').spec.template;
  const map = objects.find(({ kind }) => kind === 'ConfigMap');
  const folders = new Map<string, string>();
  for (const { name, configMap, secret } of spec.volumes) {
    const folder = fs.mkdtempSync(path.join(scratch, `${name}-`));
    folders.set(name, folder);
    const items = secret?.items ?? [];
    const keys = items.map((item: { path: string }) => [item.path, 'canary-key']);
    const files = configMap ? map.data : Object.fromEntries(keys);
    for (const [file, text] of Object.entries<string>(files))
      fs.writeFileSync(path.join(folder, file), text);
  }
  const [install] = spec.initContainers;
  const volumes = install.volumeMounts.flatMap(
    ({ name, mountPath }: { name: string; mountPath: string }) => [
      '--volume',
      `${folders.get(name)}:${mountPath}`,
    ],
  );
  const [entry, ...command] = install.command;
  const user = install.securityContext?.runAsUser ?? spec.securityContext?.runAsUser ?? '';
  const options = [`--user=${user}`, `--entrypoint=${entry}`, ...volumes];
  success(await container(options, [image, ...command, ...(install.args ?? [])]));
  const installed = path.join(folders.get('bin') ?? '', 'docker-credential-icr');
  assert.match(run(installed, ['version']), ` v${version}\n`);
});

test.run();
