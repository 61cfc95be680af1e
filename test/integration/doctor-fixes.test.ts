import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { writeConfig } from '../support/home.ts';
import {
  doctorSuite,
  type Expected,
  expectFixed,
  type Machine,
  onMachine,
  whereIs,
  withSettings,
  withVariable,
  writeDockerFile,
  writeProgram,
} from './doctor-world.ts';

const test = doctorSuite('doctor: fixes');

const isRoot = process.getuid?.() === 0;
const canMount = spawnSync('unshare', ['-m', 'true']).status === 0;

/** Root without capabilities, to whom file modes apply. */
function withoutCapabilities({ runAs }: Machine): void {
  if (isRoot) runAs.push(whereIs('setpriv'), '--bounding-set', '-all');
}

/** In a mount namespace, makes the directory read-only. */
function onReadOnlyFileSystem({ runAs }: Machine, directory: string): void {
  const mount = whereIs('mount');
  const remount = `${mount} --bind "$0" "$0" && ${mount} -o remount,bind,ro "$0" && exec "$@"`;
  runAs.push(whereIs('unshare'), '-m', '/bin/sh', '-c', remount, directory);
}

/** A home directory, beside the usual one, in which nothing is stored. */
function otherHome(machine: Machine): string {
  const directory = path.join(machine.home.folder, 'other');
  fs.mkdirSync(directory);
  machine.env.DOCKER_CONFIG = path.dirname(machine.dockerFile);
  machine.env.HOME = directory;
  return directory;
}

function buildxFile({ dockerFile }: Machine, name = 'us.icr.io/ns/image@pull'): string {
  const file = path.join(path.dirname(dockerFile), 'buildx/config', name, 'config.json');
  fs.mkdirSync(path.dirname(file), { recursive: true });
  return file;
}

function withBuildx(content: object) {
  return (machine: Machine) => fs.writeFileSync(buildxFile(machine), JSON.stringify(content));
}

const named = path.join('.local/bin', 'docker-credential-icr-work');

function namesWork({ dockerFile }: Machine): void {
  const credHelpers = { 'us.icr.io': 'icr-work' };
  fs.writeFileSync(dockerFile, JSON.stringify({ credHelpers }));
}

interface Row extends Omit<Expected, 'message'> {
  readonly what: string;
  readonly message: RegExp;
  readonly create: (machine: Machine) => void;
  readonly edit?: (machine: Machine) => void;
  readonly leaves?: RegExp;
  readonly by?: string;
  readonly needsMount?: true;
}

const asNamed = { check: 'named helpers', leaves: /not call this helper/ } as const;
const editBuildx = withBuildx({ credHelpers: { 'us.icr.io': 'icr' } });

const rows: readonly Row[] = [
  {
    what: 'a closed HOME',
    create: (machine) => {
      withoutCapabilities(machine);
      fs.chmodSync(otherHome(machine), 0o500);
    },
    check: 'home',
    state: 'warning',
    message: /other is read-only: nothing can be stored$/,
  },
  {
    what: 'a HOME on a read-only file system',
    create: (machine) => onReadOnlyFileSystem(machine, otherHome(machine)),
    edit: (machine) => {
      const directory = path.join(machine.home.folder, 'writable');
      fs.mkdirSync(directory, { mode: 0o700 });
      machine.env.DOCKER_CREDENTIAL_ICR_CONFIG_DIR = directory;
    },
    check: 'home',
    state: 'warning',
    message: /other is read-only: nothing can be stored$/,
    needsMount: true,
  },
  {
    what: 'a closed XDG_RUNTIME_DIR',
    create: (machine) => {
      writeProgram(machine, 'podman', '');
      withoutCapabilities(machine);
      const directory = path.join(machine.home.folder, 'run');
      fs.mkdirSync(directory, { mode: 0o500 });
      machine.env.XDG_RUNTIME_DIR = directory;
    },
    check: 'XDG_RUNTIME_DIR',
    state: 'warning',
    message: /run is read-only$/,
    leaves: /none of its own files names this helper/,
  },
  {
    what: 'a list of authorities that cannot be read',
    create: (machine) => {
      withoutCapabilities(machine);
      writeProgram(machine, 'sudo', 'exec "$@"');
      const file = path.join(machine.home.folder, 'ca.pem');
      fs.writeFileSync(file, '-----BEGIN ', { mode: 0 });
      machine.env.SSL_CERT_FILE = file;
    },
    check: 'certificates',
    state: 'error',
    message: /^SSL_CERT_FILE is \S+ca\.pem, which cannot be read$/,
  },
  {
    what: 'a relative directory of this helper',
    create: withVariable('DOCKER_CREDENTIAL_ICR_CACHE_DIR', 'cache'),
    check: 'directories',
    state: 'error',
    message: /^DOCKER_CREDENTIAL_ICR_CACHE_DIR is cache, which is not an absolute path$/,
  },
  {
    what: 'a directory of buildx that is a file',
    create: withVariable('BUILDX_CONFIG', ({ dockerFile }) => dockerFile),
    check: 'variables',
    state: 'error',
    message: /^BUILDX_CONFIG is \S+config\.json, which is a regular file, not a directory$/,
  },
  {
    what: 'a stored file that cannot be read',
    create: (machine) => {
      withoutCapabilities(machine);
      fs.chmodSync(path.join(machine.home.config, 'identities/work.json'), 0);
    },
    check: 'files',
    state: 'error',
    message: /^you cannot read \S+work\.json \(mode 0000\)$/,
  },
  {
    what: 'a mapping that this version cannot use',
    create: withSettings({ mappings: { '*': { identity: 'work' }, 'us.icr.io': { identity: 5 } } }),
    check: 'settings',
    state: 'error',
    message: /^the mapping of us\.icr\.io/,
  },
  {
    what: 'an identity that this version cannot use',
    create: withSettings({ identities: { work: { kind: 'api-key' }, odd: { kind: 'new' } } }),
    check: 'identity odd',
    state: 'error',
    message: /^identity odd/,
    by: 'docker-credential-icr login --identity odd',
  },
  {
    what: 'a pending API key of a removed identity',
    create: ({ home }) => {
      const pending = { ServerURL: 'old', Username: 'ApiKey-gone', Secret: 'canary-pending' };
      writeConfig(home, 'identities/old%20(rotating).json', JSON.stringify(pending));
    },
    check: 'identity old',
    state: 'warning',
    message: /^removed, but an API key that was created for it may still be active in IAM$/,
  },
  {
    ...asNamed,
    what: 'the helper of an identity is missing',
    create: namesWork,
    state: 'error',
    message: /config\.json names docker-credential-icr-work, which is not on PATH$/,
  },
  {
    ...asNamed,
    what: 'the helper of an identity is not executable',
    create: (machine) => {
      namesWork(machine);
      fs.writeFileSync(path.join(machine.home.folder, named), 'hello');
    },
    state: 'error',
    message: /docker-credential-icr-work is not executable$/,
  },
  {
    ...asNamed,
    what: 'the helper of an identity is another program',
    create: (machine) => {
      namesWork(machine);
      writeProgram(machine, 'docker-credential-icr-work', 'echo hello');
    },
    state: 'error',
    message: /docker-credential-icr-work is another program$/,
    leaves: /not call this helper|names docker-credential-icr-work, which is not on PATH/,
  },
  {
    ...asNamed,
    what: 'the helper of an identity is not registered',
    create: ({ home, bin }) =>
      fs.symlinkSync(path.join(bin, 'docker-credential-icr'), path.join(home.folder, named)),
    state: 'warning',
    message: /^docker-credential-icr-work is not registered in a client$/,
  },
  {
    ...asNamed,
    what: 'the helper of an identity that does not exist',
    create: ({ home, bin, dockerFile }) => {
      const link = path.join(home.folder, '.local/bin/docker-credential-icr-dev');
      fs.symlinkSync(path.join(bin, 'docker-credential-icr'), link);
      writeDockerFile(dockerFile, { credHelpers: { 'us.icr.io': 'icr-dev' } });
    },
    state: 'error',
    message: /^docker-credential-icr-dev: identity dev does not exist$/,
  },
  {
    ...asNamed,
    what: 'the helper of an identity is the credsStore',
    create: ({ home, bin, dockerFile }) => {
      fs.symlinkSync(path.join(bin, 'docker-credential-icr'), path.join(home.folder, named));
      fs.writeFileSync(dockerFile, '{"credsStore": "icr-work"}');
    },
    edit: ({ dockerFile }) => {
      const credHelpers = { 'us.icr.io': 'icr-work' };
      fs.writeFileSync(dockerFile, JSON.stringify({ credsStore: 'icr', credHelpers }));
    },
    state: 'warning',
    message:
      /^docker-credential-icr-work is the credsStore, but has credentials for ICR hosts only$/,
  },
  {
    what: 'a docker that is a snap',
    create: (machine) => {
      const snap = writeProgram(machine, 'snap', '');
      fs.symlinkSync(snap, path.join(machine.bin, 'docker'));
    },
    edit: (machine) => {
      fs.rmSync(path.join(machine.bin, 'docker'));
      writeProgram(machine, 'docker', '');
    },
    check: 'desktop',
    state: 'warning',
    message: /docker is a snap: it cannot run credential helpers, and reads ~\/snap\/docker/,
  },
  {
    what: 'a file of buildx without a helper',
    create: withBuildx({}),
    edit: editBuildx,
    check: 'buildx',
    state: 'error',
    message: /names no helper: buildx has no credential for us\.icr\.io\/ns\/image@pull$/,
  },
  {
    what: 'a file of buildx with a helper that does not exist',
    create: withBuildx({ credHelpers: { 'us.icr.io': 'gone' } }),
    edit: editBuildx,
    check: 'buildx',
    state: 'error',
    message: /^helper "gone" for us\.icr\.io\/ns\/image@pull in \S+, and it is not on PATH$/,
  },
  {
    what: 'a file of buildx with another helper',
    create: (machine) => {
      writeProgram(machine, 'docker-credential-pass', '');
      withBuildx({ credsStore: 'pass' })(machine);
    },
    edit: editBuildx,
    check: 'buildx',
    state: 'warning',
    message: /^another helper "pass" for us\.icr\.io\/ns\/image@pull in \S+$/,
  },
  {
    what: 'a file of buildx with a password',
    create: withBuildx({
      auths: { 'us.icr.io': { auth: btoa('iamapikey:canary') } },
      credHelpers: { 'us.icr.io': 'icr' },
    }),
    edit: editBuildx,
    check: 'buildx',
    state: 'error',
    message: /config\.json has a password for us\.icr\.io in plain text$/,
  },
  {
    what: 'a file of buildx with a rejected member',
    create: withBuildx({ experimental: true, credHelpers: { 'us.icr.io': 'icr' } }),
    edit: editBuildx,
    check: 'buildx',
    state: 'error',
    message: /^"experimental" in \S+ is not a string: buildx ignores the file$/,
  },
  {
    what: 'a file of buildx that is damaged',
    create: (machine) => fs.writeFileSync(buildxFile(machine), '{'),
    edit: editBuildx,
    check: 'buildx',
    state: 'error',
    message: /config\.json is damaged \(line 1/,
  },
];

for (const { what, create, edit, leaves, by, needsMount, ...expected } of rows) {
  if (needsMount && !canMount) continue;
  test(what, (cloud) =>
    onMachine(cloud, async (machine) => {
      create(machine);
      await expectFixed(machine, expected, {
        ...(leaves === undefined ? {} : { leaves }),
        ...(edit === undefined ? {} : { edit: () => edit(machine) }),
        by: edit === undefined ? by : ':',
      });
    }),
  );
}

test.run();
