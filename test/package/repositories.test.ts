import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { documents } from '../../scripts/package/documents.ts';
import { writeRepositories } from '../../scripts/package/repositories.ts';
import { writeSystemPackages } from '../../scripts/package/system-packages.ts';
import { program, targets } from '../../scripts/package/targets.ts';
import { type Listening, listen } from '../sandbox/listen.ts';
import { collect, type Outcome } from '../support/helper.ts';
import { testUnless } from '../support/skip.ts';
import { isInstalled } from './release.ts';

const test = suite('apt and dnf repositories');
const scratch = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'icr-repositories-')));

const builders = ['gpg', 'reprepro', 'createrepo_c', 'rpmsign', 'rpmbuild', 'dpkg-deb'];
const reasonFor = (...tools: readonly string[]) => {
  const missing = [...builders, ...tools].filter((name) => !isInstalled(name));
  if (process.arch !== 'x64') return 'needs x64';
  if (process.getuid?.() !== 0) return 'needs root';
  return missing.length > 0 && `not installed: ${missing.join(', ')}`;
};
const withApt = testUnless(test, reasonFor('apt-get'));
const withDnf = testUnless(test, reasonFor('dnf'));

const published = path.join(scratch, 'published');
let server: Listening;
let url: string;

test.before(async () => {
  if (reasonFor() !== false) return;
  for (const name of ['ours', 'other']) makeKey(name);
  for (const version of ['1.0.0', '1.1.0-rc.1', '1.1.0']) await makePackages(version);
  makeGlibc();
  server = await listen(
    (request, response) => {
      const file = path.join(published, path.normalize(decodeURIComponent(request.url ?? '/')));
      const isFile = fs.existsSync(file) && fs.statSync(file).isFile();
      response.writeHead(isFile ? 200 : 404).end(isFile ? fs.readFileSync(file) : undefined);
    },
    { address: '127.0.0.1', port: 0 },
  );
  url = `http://127.0.0.1:${server.port}`;
});

test.after(async () => {
  await server?.close();
  fs.rmSync(scratch, { recursive: true, force: true });
});

function makeKey(name: string): void {
  const home = path.join(scratch, `gnupg-${name}`);
  fs.mkdirSync(home, { mode: 0o700 });
  const env = { ...process.env, GNUPGHOME: home };
  const gpg = (...words: readonly string[]) =>
    execFileSync('gpg', ['--batch', ...words], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const words = ['--passphrase', '', '--quick-generate-key', `${name} <${name}@example.com>`];
  gpg('--pinentry-mode', 'loopback', ...words, 'rsa3072', 'sign', '0');
  fs.writeFileSync(keyFile(name), gpg('--armor', '--export-secret-keys'), { mode: 0o600 });
  execFileSync('gpgconf', ['--kill', 'all'], { env });
}

function keyFile(name: string): string {
  return path.join(scratch, `${name}.key`);
}

function packagesOf(version: string): string {
  return path.join(scratch, `packages-${version}`);
}

/** Builds the packages of a version for both architectures, with a script instead of the executable. */
async function makePackages(version: string): Promise<void> {
  const stamp = { version, commit: 'c'.repeat(40), epoch: 1_000_000_000 };
  fs.mkdirSync(packagesOf(version));
  const texts = await documents(stamp);
  for (const name of ['linux-x64', 'linux-arm64']) {
    const target = targets.find((each) => each.name === name);
    if (target === undefined) throw new Error(`no target ${name}`);
    const folder = path.join(scratch, `build-${version}-${name}`);
    fs.mkdirSync(folder);
    const executable = path.join(folder, program);
    fs.writeFileSync(executable, `#!/bin/sh\necho v${version}\n`, { mode: 0o755 });
    const given = { target, executable, documents: texts, stamp, homepage: undefined };
    writeSystemPackages(given, packagesOf(version));
  }
}

/** Builds a package that has the dependency of ours, for a root without a distribution. */
function makeGlibc(): void {
  const folder = path.join(scratch, 'glibc');
  fs.mkdirSync(folder);
  const spec =
    'Name: glibc\nVersion: 2.36\nRelease: 1\nSummary: x\nLicense: x\nBuildArch: noarch\n%description\nx\n%files\n';
  fs.writeFileSync(path.join(folder, 'glibc.spec'), spec);
  const words = [
    '-bb',
    '--quiet',
    '--define',
    `_topdir ${folder}`,
    '--define',
    `_rpmdir ${folder}`,
  ];
  execFileSync('rpmbuild', [...words, path.join(folder, 'glibc.spec')], { stdio: 'ignore' });
  execFileSync('createrepo_c', ['--quiet', folder]);
}

/** Publishes the repositories of a version, signed with a key. */
function publish(version: string, key = 'ours'): void {
  writeRepositories({
    packages: packagesOf(version),
    folder: published,
    keyFile: keyFile(key),
    url,
  });
}

interface Machine {
  readonly root: string;
  /** Reads the lists again, and installs or upgrades the package. */
  readonly install: () => Promise<Outcome>;
}

async function execute(
  words: readonly string[],
  env: Record<string, string> = {},
): Promise<Outcome> {
  const [name = '', ...rest] = words;
  const child = spawn(name, rest, {
    cwd: scratch,
    env: {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: scratch,
      LC_ALL: 'C.UTF-8',
      DEBIAN_FRONTEND: 'noninteractive',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return collect(child, 120_000);
}

/** Creates a root with Debian's database of packages, which contains only libc6, and adds the published repository. */
function debianMachine(): Machine {
  const root = fs.mkdtempSync(path.join(scratch, 'debian-'));
  fs.chmodSync(root, 0o755);
  for (const name of [
    'var/lib/dpkg/updates',
    'var/lib/dpkg/info',
    'var/lib/apt/lists/partial',
    'var/cache/apt/archives/partial',
    'var/log/apt',
    'etc/apt/apt.conf.d',
    'etc/apt/preferences.d',
    'etc/apt/keyrings',
    'etc/apt/sources.list.d',
    'etc/apt/trusted.gpg.d',
    'tmp',
  ])
    fs.mkdirSync(path.join(root, name), { recursive: true });
  const libc =
    'Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nVersion: 2.36\nMaintainer: x\nDescription: x\n\n';
  fs.writeFileSync(path.join(root, 'var/lib/dpkg/status'), libc);
  const key = path.join(root, 'etc/apt/keyrings', `${program}.asc`);
  fs.copyFileSync(path.join(published, `${program}.asc`), key);
  const sources = fs.readFileSync(path.join(published, `${program}.sources`), 'utf8');
  fs.writeFileSync(
    path.join(root, `etc/apt/sources.list.d/${program}.sources`),
    sources.replace(/^Signed-By: .*/m, `Signed-By: ${key}`),
  );
  const configuration = path.join(scratch, `${path.basename(root)}.conf`);
  fs.writeFileSync(
    configuration,
    `Dir "${root}";\nDir::State::status "${root}/var/lib/dpkg/status";\nDPkg::Options { "--root=${root}"; "--log=/dev/null"; };\nAPT::Sandbox::User "root";\nAPT::Architecture "amd64";\nAPT::Architectures { "amd64"; };\nAcquire::http::Proxy "DIRECT";\n`,
  );
  const apt = (...words: readonly string[]) =>
    execute(['apt-get', '-q', '-y', ...words], { APT_CONFIG: configuration });
  return {
    root,
    install: async () => {
      const update = await apt('update', '--error-on=any');
      return update.status === 0 ? apt('install', program) : update;
    },
  };
}

/** Creates an empty root, and adds the published repository and one with glibc. */
function fedoraMachine(): Machine {
  const root = fs.mkdtempSync(path.join(scratch, 'fedora-'));
  const folder = path.join(root, 'etc/yum.repos.d');
  for (const name of ['etc/yum.repos.d', 'log'])
    fs.mkdirSync(path.join(root, name), { recursive: true });
  fs.copyFileSync(path.join(published, `${program}.repo`), path.join(folder, `${program}.repo`));
  fs.writeFileSync(
    path.join(folder, 'base.repo'),
    `[base]\nname=base\nbaseurl=file://${scratch}/glibc\nenabled=1\ngpgcheck=0\n`,
  );
  const options = [
    `--installroot=${root}`,
    '--releasever=1',
    `--setopt=reposdir=${folder}`,
    `--setopt=cachedir=${root}/cache`,
    '--setopt=*.skip_if_unavailable=0',
    `--setopt=logdir=${root}/log`,
    '--setopt=pluginpath=/nonexistent',
  ];
  const dnf = (...words: readonly string[]) =>
    execute(['dnf', '--assumeyes', ...options, ...words]);
  const isInstalledThere = () => fs.existsSync(path.join(root, 'usr/bin', program));
  return {
    root,
    install: async () => {
      await dnf('clean', 'metadata');
      return isInstalledThere() ? dnf('--refresh', 'upgrade', program) : dnf('install', program);
    },
  };
}

function versionIn({ root }: Machine): string | undefined {
  const file = path.join(root, 'usr/bin', program);
  if (!fs.existsSync(file)) return undefined;
  return execFileSync('sh', [file], { encoding: 'utf8' }).trim();
}

async function requireInstalled(machine: Machine, version: string): Promise<void> {
  const { status, stdout, stderr } = await machine.install();
  assert.is(status, 0, stdout + stderr);
  assert.is(versionIn(machine), version, stdout + stderr);
}

async function requireRefused(machine: Machine, error: RegExp, version?: string): Promise<void> {
  const { status, stdout, stderr } = await machine.install();
  assert.is.not(status, 0, stdout + stderr);
  assert.match(stdout + stderr, error);
  assert.is(versionIn(machine), version);
}

function change(file: string, edit: (data: Buffer) => Buffer): void {
  const name = path.join(published, file);
  fs.writeFileSync(name, edit(fs.readFileSync(name)));
}

/** Returns the path of a package below `published`. */
function findPackage(pattern: RegExp): string {
  const names = fs.readdirSync(published, { recursive: true, encoding: 'utf8' });
  const found = names.find((name) => pattern.test(name));
  if (found === undefined) throw new Error(`no package ${pattern}`);
  return found;
}

function flipByte(data: Buffer): Buffer {
  const at = Math.floor(data.length / 2);
  data[at] = (data[at] ?? 0) ^ 1;
  return data;
}

for (const [name, withTool, makeMachine, unsigned, changedList, list, changedPackage, file] of [
  [
    'apt-get',
    withApt,
    debianMachine,
    /NO_PUBKEY|not signed|couldn't be verified/,
    /BADSIG|not valid|Hash Sum mismatch|invalid/i,
    'apt/dists/stable/InRelease',
    /Hash Sum mismatch/i,
    /_amd64\.deb$/,
  ],
  [
    'dnf',
    withDnf,
    fedoraMachine,
    /repomd\.xml GPG signature verification error/,
    /repomd\.xml GPG signature verification error/,
    'rpm/repodata/repomd.xml',
    /checksum|MISMATCH|doesn't match/i,
    /x86_64\.rpm$/,
  ],
] as const) {
  withTool(
    `${name}: installs, and upgrades from a pre-release and an earlier version`,
    async () => {
      publish('1.0.0');
      const machine = makeMachine();
      await requireInstalled(machine, 'v1.0.0');
      publish('1.1.0-rc.1');
      await requireInstalled(machine, 'v1.1.0-rc.1');
      publish('1.1.0');
      await requireInstalled(machine, 'v1.1.0');
    },
  );

  withTool(`${name}: refuses a repository that is signed with another key`, async () => {
    publish('1.0.0');
    const machine = makeMachine();
    await requireInstalled(machine, 'v1.0.0');
    const key = fs.readFileSync(path.join(published, `${program}.asc`));
    publish('1.1.0', 'other');
    fs.writeFileSync(path.join(published, `${program}.asc`), key);
    await requireRefused(machine, unsigned, 'v1.0.0');
  });

  withTool(`${name}: refuses a list of packages that was changed after it was signed`, async () => {
    publish('1.0.0');
    const machine = makeMachine();
    change(list, (data) => Buffer.from(data.toString().replace(/[0-9a-f]{64}/, '0'.repeat(64))));
    await requireRefused(machine, changedList);
  });

  withTool(`${name}: refuses a package that was changed`, async () => {
    publish('1.0.0');
    const machine = makeMachine();
    change(findPackage(file), flipByte);
    await requireRefused(machine, changedPackage);
  });
}

withDnf('dnf: refuses a package without a signature in a signed repository', async () => {
  publish('1.0.0');
  const machine = fedoraMachine();
  const name = findPackage(/x86_64\.rpm$/);
  fs.copyFileSync(path.join(packagesOf('1.0.0'), path.basename(name)), path.join(published, name));
  const folder = path.join(published, 'rpm');
  execFileSync('createrepo_c', ['--quiet', folder]);
  const env = { ...process.env, GNUPGHOME: path.join(scratch, 'gnupg-ours') };
  const words = ['--batch', '--yes', '--armor', '--detach-sign', 'repodata/repomd.xml'];
  execFileSync('gpg', words, { cwd: folder, env, stdio: 'ignore' });
  execFileSync('gpgconf', ['--kill', 'all'], { env });
  await requireRefused(machine, /not signed/);
});

withApt('the packages of the release are not changed, and no secret key is published', () => {
  const before = fs.readFileSync(path.join(packagesOf('1.0.0'), `${program}-1.0.0-1.x86_64.rpm`));
  publish('1.0.0');
  const after = fs.readFileSync(path.join(packagesOf('1.0.0'), `${program}-1.0.0-1.x86_64.rpm`));
  assert.ok(before.equals(after));
  const key = fs.readFileSync(path.join(published, `${program}.asc`), 'utf8');
  assert.match(key, 'BEGIN PGP PUBLIC KEY BLOCK');
  assert.not.match(key, 'PRIVATE');
  assert.equal(fs.readdirSync(published).sort(), [
    'apt',
    `${program}.asc`,
    `${program}.repo`,
    `${program}.sources`,
    'rpm',
  ]);
  assert.equal(fs.readdirSync(path.join(published, 'apt')).sort(), ['dists', 'pool']);
});

test.run();
