import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { collect, executable } from '../support/helper.ts';
import { doctorSuite, expectFixed, type Machine, onMachine, writeProgram } from './doctor-world.ts';

const test = doctorSuite('doctor: the helper on PATH');

const name = 'docker-credential-icr';
const older = `echo "docker-credential-icr (IBM Cloud Container Registry) v0.0.1"`;

/** Adds another directory to `PATH`, before or after the usual one. */
function addFolder({ home, env, bin }: Machine, where: 'before' | 'after'): string {
  const folder = path.join(home.folder, 'other');
  fs.mkdirSync(folder);
  env.PATH = where === 'before' ? `${folder}:${bin}` : `${bin}:${folder}`;
  return folder;
}

test('reports no problems on a healthy machine', (given) =>
  onMachine(given, async ({ doctor }) => {
    const report = await doctor();
    const states = report.checks.map(({ name, state, message }) => `${state} ${name}: ${message}`);
    assert.is(report.status, 0, states.join('\n'));
    assert.ok(report.ok);
    assert.equal(
      states.filter((state) => /^(warn|fail)/.test(state)),
      [],
    );
  }));

const cases: readonly (readonly [
  what: string,
  create: (machine: Machine) => void,
  state: 'warning' | 'error',
  message: RegExp,
])[] = [
  [
    'is not on PATH',
    ({ bin }) => fs.rmSync(path.join(bin, name)),
    'error',
    /^docker-credential-icr is not on PATH$/,
  ],
  [
    'is only in a relative directory of PATH',
    ({ env, bin, home }) => {
      fs.renameSync(path.join(bin, name), path.join(home.folder, name));
      env.PATH = `.:${bin}`;
    },
    'error',
    /^docker-credential-icr is not on PATH$/,
  ],
  [
    'is not executable',
    ({ bin }) => {
      fs.rmSync(path.join(bin, name));
      fs.chmodSync(writeProgram({ bin }, name, `exec ${executable} "$@"`), 0o644);
    },
    'error',
    /docker-credential-icr is not executable$/,
  ],
  [
    'is a dangling symlink',
    ({ bin }) => {
      fs.rmSync(path.join(bin, name));
      fs.symlinkSync('/nonexistent/helper', path.join(bin, name));
    },
    'error',
    /docker-credential-icr is a dangling symlink$/,
  ],
  [
    'comes after another program of that name',
    (machine) => writeProgram({ bin: addFolder(machine, 'before') }, name, 'echo hello'),
    'error',
    /other\/docker-credential-icr is another program of that name$/,
  ],
  [
    'comes after an older version',
    (machine) => writeProgram({ bin: addFolder(machine, 'before') }, name, older),
    'warning',
    /^clients run \S+ \(0\.0\.1\), not \S+ \(\d+\.\d+\.\d+\)$/,
  ],
  [
    'is missing, but an older version is on PATH',
    ({ bin }) => {
      fs.rmSync(path.join(bin, name));
      writeProgram({ bin }, name, older);
    },
    'warning',
    /^clients run \S+ \(0\.0\.1\), not /,
  ],
  [
    'comes before another program of that name',
    (machine) => writeProgram({ bin: addFolder(machine, 'after') }, name, 'exit 3'),
    'warning',
    /other\/docker-credential-icr is another program of that name/,
  ],
  [
    'comes before a program that does not respond',
    (machine) => writeProgram({ bin: addFolder(machine, 'after') }, name, 'kill -STOP $$'),
    'warning',
    /other\/docker-credential-icr is another program of that name/,
  ],
  [
    'comes before an older version',
    (machine) => writeProgram({ bin: addFolder(machine, 'after') }, name, older),
    'warning',
    /other\/docker-credential-icr is a second copy \(0\.0\.1\)/,
  ],
  [
    'comes after a file that cannot be executed',
    (machine) => fs.writeFileSync(path.join(addFolder(machine, 'before'), name), ''),
    'warning',
    /other\/docker-credential-icr cannot be executed/,
  ],
];

for (const [what, create, state, message] of cases) {
  test(`the helper ${what}`, (given) =>
    onMachine(given, async (machine) => {
      create(machine);
      // A wrapper script is not the executable itself.
      const leaves = /clients run \S+ \(\S+\), not|helper: docker-credential-icr is not on PATH/;
      await expectFixed(machine, { check: 'helper', state, message }, { leaves });
    }));
}

test('another program of that name gets no secret, and its output is limited', (given) =>
  onMachine(given, async (machine) => {
    const told = path.join(machine.home.folder, 'told');
    const spy = `(env; echo "$*"; cat) >>${told}; exec yes`;
    fs.symlinkSync('/usr/bin/env', path.join(machine.bin, 'env'));
    fs.symlinkSync('/usr/bin/yes', path.join(machine.bin, 'yes'));
    for (const where of ['before', 'after'] as const) {
      const folder = addFolder(machine, where);
      writeProgram({ bin: folder }, name, spy);
      Object.assign(machine.env, {
        DOCKER_CREDENTIAL_ICR_API_KEY: 'canary-own-key-1',
        IBMCLOUD_API_KEY: 'canary-ambient-key-2',
        OF_SOMEBODY_ELSE: 'canary-token-3',
      });
      const words = ['exec', 'us.icr.io', '--', executable, 'doctor', '--json'];
      const { env, home } = machine;
      const child = spawn(executable, words, { env, cwd: home.folder, stdio: 'pipe' });
      const { checks } = JSON.parse((await collect(child)).stdout);
      const messages = checks.map(({ message }: { message: string }) => message).join('\n');
      assert.match(messages, /other\/docker-credential-icr is another program/);
      assert.match(fs.readFileSync(told, 'utf8'), /version/);
      assert.not.match(fs.readFileSync(told, 'utf8'), 'canary');
      fs.rmSync(folder, { recursive: true });
    }
  }));

test('no directory of PATH is writable', (given) =>
  onMachine(given, async (machine) => {
    fs.rmSync(path.join(machine.bin, name));
    const tools = path.join(machine.home.folder, 'tools');
    fs.renameSync(machine.bin, tools);
    machine.env.PATH = tools;
    await expectFixed(machine, {
      check: 'helper',
      state: 'error',
      message: /^docker-credential-icr is not on PATH$/,
    });
  }));

test('the suggested mv does not overwrite a backup', (given) =>
  onMachine(given, async (machine) => {
    const folder = addFolder(machine, 'before');
    const file = writeProgram({ bin: folder }, name, 'echo hello');
    fs.writeFileSync(`${file}.old`, 'older');
    const { checks } = await machine.doctor();
    const { hint = '' } = checks.find((check) => check.name === 'helper') ?? {};
    await machine.fixAndDiagnose(hint.replace(/^run (.*)$/, '$1 || :'));
    assert.is(fs.readFileSync(`${file}.old`, 'utf8'), 'older');
  }));

test('from source: reports that clients cannot run it', (given) =>
  onMachine(given, async ({ env, home }) => {
    const main = path.join(import.meta.dirname, '../../src/main.ts');
    const words = [main, 'doctor', '--json'];
    const child = spawn(process.execPath, words, { env, cwd: home.folder, stdio: 'pipe' });
    const { checks } = JSON.parse((await collect(child)).stdout);
    assert.match(checks[0].message, /^clients run \S+ \(\d+\.\d+\.\d+\); doctor runs from source$/);
    assert.is(checks[0].state, 'ok');
  }));

test('skips a directory of PATH without search permission', (given) =>
  onMachine(given, async (machine) => {
    const loop = path.join(machine.home.folder, 'loop');
    fs.symlinkSync(loop, loop);
    machine.env.PATH = `${loop}:${machine.env.PATH}`;
    const { checks } = await machine.doctor();
    assert.equal(
      checks.filter(({ message }) => message.includes('internal error of this check')),
      [],
    );
  }));

test('two directories of PATH with the same file count as one', (given) =>
  onMachine(given, async (machine) => {
    fs.symlinkSync(executable, path.join(addFolder(machine, 'after'), name));
    const { checks } = await machine.doctor();
    assert.equal(
      checks.filter((check) => check.name === 'helper').map(({ state }) => state),
      ['ok'],
    );
  }));

test.run();
