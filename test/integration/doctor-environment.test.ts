import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { type Result, runCheck } from '../../src/cli/doctor/check.ts';
import { checksFor, prepareInput } from '../../src/cli/doctor/doctor.ts';
import { type Machine as Host, thisMachine } from '../../src/cli/doctor/machine.ts';
import { testContext } from '../support/context.ts';
import {
  type ProblemRow as Case,
  doctorSuite,
  expectFixed,
  type Machine,
  onMachine,
  standIn,
  withVariable,
  writeDockerFile,
} from './doctor-world.ts';

const test = doctorSuite('doctor: environment');

const isRoot = process.getuid?.() === 0;
const nobody = 12_345;

/** Another home with the settings, so that those of the user who runs the tests are not read. */
function withHome(folder: (machine: Machine) => string | undefined) {
  return (machine: Machine) => {
    machine.env.DOCKER_CREDENTIAL_ICR_CONFIG_DIR = machine.home.config;
    machine.env.DOCKER_CONFIG = path.dirname(machine.dockerFile);
    machine.env.HOME = folder(machine);
  };
}

const cases: readonly Case[] = [
  [
    'a HOME that does not exist',
    withHome(({ home }) => path.join(home.folder, 'not there')),
    'home',
    'error',
    /not there does not exist$/,
  ],
  [
    'a HOME that is a file',
    withHome(({ dockerFile }) => dockerFile),
    'home',
    'error',
    /config\.json, which is a regular file, not a directory$/,
  ],
  [
    'DOCKER_CONFIG with a ~',
    withVariable('DOCKER_CONFIG', () => '~/.docker'),
    'variables',
    'error',
    /^DOCKER_CONFIG is ~\/\.docker: clients do not expand ~$/,
  ],
  [
    'a relative DOCKER_CONFIG',
    withVariable('DOCKER_CONFIG', () => '.docker'),
    'variables',
    'warning',
    /^DOCKER_CONFIG is \.docker: a relative path/,
  ],
  [
    'DOCKER_CONFIG with the path of the file',
    withVariable('DOCKER_CONFIG', ({ dockerFile }) => dockerFile),
    'variables',
    'error',
    /config\.json, which is a regular file, not a directory$/,
  ],
  [
    'DOCKER_CONFIG with the path of a file that does not exist',
    withVariable('DOCKER_CONFIG', ({ dockerFile }) => {
      fs.rmSync(dockerFile);
      return dockerFile;
    }),
    'variables',
    'error',
    /config\.json, which is the name of the file in it$/,
  ],
  [
    'DOCKER_CONFIG with the path of another file',
    withVariable('DOCKER_CONFIG', ({ bin }) => path.join(bin, 'sh')),
    'variables',
    'error',
    /bin\/sh, which is a regular file, not a directory$/,
  ],
  [
    'DOCKER_AUTH_CONFIG',
    withVariable('DOCKER_AUTH_CONFIG', () => '{"auths":{"us.icr.io":{"auth":"canary"}}}'),
    'variables',
    'warning',
    /^DOCKER_AUTH_CONFIG is set/,
  ],
  [
    'DOCKER_AUTH_CONFIG with credHelpers',
    withVariable('DOCKER_AUTH_CONFIG', () => '{"credHelpers":{"us.icr.io":"icr"}}'),
    'variables',
    'warning',
    /^DOCKER_AUTH_CONFIG is set, with credHelpers: docker 28\.3 and later accept only auths/,
  ],
  [
    'DOCKER_AUTH_CONFIG that is not JSON',
    withVariable('DOCKER_AUTH_CONFIG', () => 'canary'),
    'variables',
    'warning',
    /^DOCKER_AUTH_CONFIG is set, and is not JSON/,
  ],
  [
    'a relative REGISTRY_AUTH_FILE',
    withVariable('REGISTRY_AUTH_FILE', () => 'auth.json'),
    'variables',
    'error',
    /^REGISTRY_AUTH_FILE is auth\.json, a relative path/,
  ],
  [
    'REGISTRY_AUTH_FILE that is not a regular file',
    withVariable('REGISTRY_AUTH_FILE', () => '/dev/null'),
    'variables',
    'error',
    /^REGISTRY_AUTH_FILE is \/dev\/null, which is a device, not a regular file$/,
  ],
  [
    'XDG_RUNTIME_DIR that does not exist',
    withVariable('XDG_RUNTIME_DIR', () => '/nonexistent'),
    'XDG_RUNTIME_DIR',
    'warning',
    /^\/nonexistent does not exist$/,
  ],
  [
    'XDG_RUNTIME_DIR that is a file',
    withVariable('XDG_RUNTIME_DIR', ({ dockerFile }) => dockerFile),
    'XDG_RUNTIME_DIR',
    'warning',
    /which is a regular file, not a directory$/,
  ],
];

const casesOfRoot: readonly Case[] = [
  [
    "root with somebody's HOME",
    (machine) => {
      fs.chownSync(machine.home.folder, nobody, nobody);
      withHome(({ home }) => home.folder)(machine);
      machine.env.SUDO_USER = 'jane';
    },
    'home',
    'warning',
    /^you are user 0 \(sudo by jane\), but user 12345 owns HOME \(\S+\)$/,
  ],
  [
    "somebody's XDG_RUNTIME_DIR",
    ({ env, home }) => {
      const folder = path.join(home.folder, 'run');
      fs.mkdirSync(folder);
      fs.chownSync(folder, nobody, nobody);
      env.XDG_RUNTIME_DIR = folder;
    },
    'XDG_RUNTIME_DIR',
    'warning',
    /^user 12345 owns \S+run, not you \(0\)$/,
  ],
  [
    'root by sudo, without saved credentials',
    ({ env, home }) => {
      fs.rmSync(home.config, { recursive: true });
      env.SUDO_USER = 'jane';
    },
    'sudo',
    'error',
    /^you are root through sudo: credentials and client files of jane are not used$/,
  ],
];

for (const [what, create, check, state, message] of [...cases, ...(isRoot ? casesOfRoot : [])]) {
  test(what, (given) =>
    onMachine(given, async (machine) => {
      if (check === 'XDG_RUNTIME_DIR') installPodman(machine);
      create(machine);
      // Another file is used by `podman login` then.
      const leaves = { leaves: /(?:auth|config)\.json does not name/ };
      await expectFixed(machine, { check, state, message }, leaves);
    }),
  );
}

test('reports a missing home directory once', (given) =>
  onMachine(given, async (machine) => {
    standIn(machine, 'podman');
    // No user of the system that is in its password database lacks a home.
    const context = testContext({ env: { PATH: machine.bin }, platform: 'linux', now: Date.now });
    const examined = await prepareInput(context);
    const names = ['home', 'docker', 'credsStore', 'podman', 'registries.conf'];
    const checks = checksFor(examined, {}).filter(({ name }) => names.includes(name));
    const results = (await Promise.all(checks.map((check) => runCheck(check, examined)))).flat();
    const failed = results.filter(({ message }) => /no home directory|HOME is/.test(message));
    assert.equal(
      failed.map(({ name, state }) => `${name} ${state}`),
      names.map((name) => `${name} ${name === 'home' ? 'error' : 'skipped'}`),
    );
  }));

test('without HOME, the home of the password database is used', (given) =>
  onMachine(given, async (machine) => {
    withHome(() => undefined)(machine);
    const { checks } = await machine.doctor();
    const found = checks.find(({ name }) => name === 'home');
    assert.match(found?.message ?? '', / \(HOME is not set; from the password database\)$/);
  }));

/** Registers the helper in the client's configuration file. */
function installPodman(machine: Machine): void {
  standIn(machine, 'podman');
  const folder = path.join(machine.home.folder, '.config/containers');
  fs.mkdirSync(folder, { recursive: true });
  writeDockerFile(path.join(folder, 'auth.json'), {});
}

/** Returns the result of one check on a simulated machine of another kind. */
async function findOn(machine: Machine, host: Partial<Host>, check: string): Promise<Result[]> {
  const context = testContext({ env: machine.env, platform: 'linux', now: Date.now });
  const input = await prepareInput(context, { ...thisMachine(context), ...host });
  const found = checksFor(input, {}).find(({ name }) => name === check);
  assert.ok(found);
  return runCheck(found, input);
}

test('no XDG_RUNTIME_DIR for a user', (given) =>
  onMachine(given, async (machine) => {
    standIn(machine, 'podman');
    const [found] = await findOn(machine, { uid: nobody }, 'XDG_RUNTIME_DIR');
    assert.is(found?.state, 'warning');
    assert.is(found?.hint, 'run export XDG_RUNTIME_DIR="$(mktemp -d)"');
    assert.is((await findOn(machine, { uid: 0 }, 'XDG_RUNTIME_DIR'))[0]?.state, 'skipped');
  }));

test('root by sudo, with saved credentials', (given) =>
  onMachine(given, async (machine) => {
    machine.env.SUDO_USER = 'jane';
    const [found] = await findOn(machine, { uid: 0 }, 'sudo');
    assert.is(found?.state, 'ok');
    assert.equal(await findOn(machine, { uid: nobody }, 'sudo'), []);
    machine.env.SUDO_USER = 'root';
    assert.equal(await findOn(machine, { uid: 0 }, 'sudo'), []);
  }));

test('HOME of another user', (given) =>
  onMachine(given, async (machine) => {
    const [found] = await findOn(machine, { uid: nobody }, 'home');
    assert.is(found?.state, 'warning');
    const own = fs.statSync(machine.home.folder).uid;
    assert.match(String(found?.message), `you are user 12345, but user ${own} owns HOME`);
  }));

test('files of another user', (given) =>
  onMachine(given, async (machine) => {
    const [found] = await findOn(machine, { uid: nobody }, 'files');
    assert.match(String(found?.message), `not you (12345), and 3 more`);
    assert.is(found?.hint, `run sudo chown -R 12345 ${machine.home.config}`);
  }));

test("a client's file of another user", (given) =>
  onMachine(given, async (machine) => {
    const own = fs.statSync(machine.home.folder).uid;
    const found = await findOn(machine, { uid: nobody }, 'docker');
    const foreign = found.find(({ state }) => state === 'error');
    assert.match(String(foreign?.message), `user ${own} owns`);
    assert.is(
      foreign?.hint,
      `run sudo chown 12345 ${path.dirname(machine.dockerFile)} ${machine.dockerFile}`,
    );
  }));

test('WSL, with the configuration of a removed Docker Desktop', (given) =>
  onMachine(given, async (machine) => {
    const wsl = { kernel: '5.15.153.1-microsoft-standard-WSL2' };
    writeDockerFile(machine.dockerFile, { credsStore: 'desktop.exe' });
    const [left] = await findOn(machine, wsl, 'credsStore');
    assert.match(
      String(left?.message),
      /desktop\.exe is not on PATH; .*; Docker Desktop left it behind/,
    );
    const [said] = await findOn(machine, wsl, 'system');
    assert.match(String(said?.message), /^WSL: /);
    assert.equal(await findOn(machine, { kernel: os.release() }, 'system'), []);
  }));

const installations = [
  ['.docker/desktop', 'Docker Desktop'],
  ['.orbstack', 'OrbStack'],
  ['.rd', 'Rancher Desktop'],
  ['.colima', 'Colima'],
  ['.config/colima', 'Colima'],
  ['.lima', 'Lima'],
  ['.finch', 'Finch'],
] as const;

for (const [directory, name] of installations) {
  test(`recognizes ${name} by ~/${directory}`, (given) =>
    onMachine(given, async (machine) => {
      const names = async () =>
        (await findOn(machine, {}, 'desktop')).map(({ state, message }) => `${state} ${message}`);
      const before = await names();
      fs.mkdirSync(path.join(machine.home.folder, directory), { recursive: true });
      const added = (await names()).filter((line) => !before.includes(line));
      assert.is(added.length, 1);
      assert.match(added[0] ?? '', `ok ${name}: `);
      const page = fs.readFileSync(path.join(import.meta.dirname, '../../docs/desktop.md'), 'utf8');
      assert.match(page, `| ${name} |`);
    }));
}

test('a user namespace', (given) =>
  onMachine(given, async (machine) => {
    const [said] = await findOn(machine, { inUserNamespace: true, uid: 0 }, 'system');
    assert.is(said?.state, 'ok');
    assert.match(String(said?.message), /^user namespace: user 0 has another ID outside$/);
  }));

test.run();
