import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Context, RunResult } from '../../src/context.ts';
import { usableStore } from '../../src/secrets/choose.ts';
import { tryStore } from '../../src/secrets/trial.ts';
import { type TestContext, testContext } from '../support/context.ts';
import { fails } from '../support/rejects.ts';

const test = suite('which keychain is used');

const none: RunResult = { status: null, output: '', errors: '' };
const timeout: RunResult = { ...none, failure: 'timeout' };
/** What a program answers when it is run. */
type Programs = Readonly<Record<string, () => RunResult>>;

/** What `pass` answers where it has none. */
const nothing = '{"ServerURL":"","Username":"","Secret":""}';
const works = () => ({ ...none, status: 0 });
const locked = () => ({ ...none, status: 1, output: 'locked' });
const hanging = () => timeout;

interface Machine {
  readonly platform?: NodeJS.Platform;
  readonly env?: Record<string, string>;
  readonly programs?: Programs;
  /** Whether `pass init` was run. */
  readonly pass?: boolean;
}

/** A machine with these programs on its PATH and nothing else; `calls` is what was run there. */
function onMachine(machine: Machine, use: (context: TestContext, calls: string[]) => void): void {
  const { platform = 'linux', env = {}, programs = {}, pass = false } = machine;
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-machine-'));
  const ending = platform === 'win32' ? '.exe' : '';
  for (const name of Object.keys(programs)) {
    fs.writeFileSync(path.join(home, `${name}${ending}`), '', { mode: 0o755 });
  }
  if (pass) {
    fs.mkdirSync(path.join(home, '.password-store'));
    fs.writeFileSync(path.join(home, '.password-store', '.gpg-id'), 'canary\n');
  }
  const calls: string[] = [];
  let kept = nothing;
  const runSync: Context['runSync'] = (program, [verb = ''], { input, limit }) => {
    const name = path.basename(program, ending);
    calls.push(`${name} ${name.startsWith('docker') ? verb : limit}`);
    if (verb === 'store') kept = input;
    if (verb === 'erase') kept = nothing;
    const result = programs[name]?.() ?? none;
    return verb === 'get' && result.status === 0 ? { ...result, output: kept } : result;
  };
  const context = testContext({
    platform,
    env: { HOME: home, PATH: home, ...env },
    runSync,
  });
  try {
    use(context, calls);
  } finally {
    fs.rmSync(home, { recursive: true });
  }
}

const bus = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/run/bus' };
const service = 'docker-credential-secretservice';
const ofPass = 'docker-credential-pass';

const rows: readonly [what: string, machine: Machine, chosen: string | undefined][] = [
  [
    'macOS',
    { platform: 'darwin', programs: { 'docker-credential-osxkeychain': works } },
    'osxkeychain',
  ],
  [
    'macOS without the helper',
    { platform: 'darwin', env: bus, programs: { [service]: works } },
    undefined,
  ],
  ['Windows', { platform: 'win32', programs: { 'docker-credential-wincred': works } }, 'wincred'],
  [
    'a session bus',
    { env: bus, programs: { 'dbus-send': works, [service]: works } },
    'secretservice',
  ],
  [
    'a bus and pass',
    { env: bus, pass: true, programs: { 'dbus-send': works, [service]: works, [ofPass]: works } },
    'secretservice',
  ],
  [
    'a bus, its helper missing, and pass',
    { env: bus, pass: true, programs: { 'dbus-send': works, [ofPass]: works } },
    'pass',
  ],
  [
    'a bus, its keyring locked, and pass',
    { env: bus, pass: true, programs: { 'dbus-send': works, [service]: locked, [ofPass]: works } },
    'pass',
  ],
  [
    'a bus that is dead',
    { env: bus, programs: { 'dbus-send': hanging, [service]: works } },
    undefined,
  ],
  ['a bus and nobody to ask it', { env: bus, programs: { [service]: works } }, 'secretservice'],
  [
    'a bus and a keyring that hangs',
    { env: bus, programs: { 'dbus-send': works, [service]: hanging } },
    undefined,
  ],
  ['no bus', { programs: { 'dbus-send': works, [service]: works } }, undefined],
  ['pass', { pass: true, programs: { [ofPass]: works } }, 'pass'],
  ['pass that was not initialised', { programs: { [ofPass]: works } }, undefined],
  ['pass, its key locked', { pass: true, programs: { [ofPass]: locked } }, undefined],
  ['pass without the helper', { pass: true }, undefined],
  ['nothing at all', {}, undefined],
];
for (const [what, machine, chosen] of rows) {
  test(`${what}: ${chosen ?? 'files'}`, () =>
    onMachine(machine, (context) => assert.is(usableStore(context), chosen)));
}

test('the bus has a second, and a dead one lets no helper be asked', () =>
  onMachine(
    { env: bus, programs: { 'dbus-send': hanging, [service]: works } },
    (context, calls) => {
      usableStore(context);
      assert.equal(calls, ['dbus-send 1000']);
    },
  ));

test('what does not work is said, and why', () =>
  onMachine({ pass: true, programs: { [ofPass]: locked } }, (context) => {
    usableStore(context);
    assert.equal(context.warnings, ['the secret store pass failed: locked; going on without pass']);
  }));

test('one that is tried is written to, read and emptied again', () =>
  onMachine({ programs: { [ofPass]: works } }, (context, calls) => {
    tryStore(context, 'pass');
    assert.equal(
      calls,
      ['store', 'get', 'erase', 'get'].map((verb) => `${ofPass} ${verb}`),
    );
  }));

test('one that takes what it does not give back is emptied again', () => {
  for (const answer of [locked(), hanging()]) {
    const calls: string[] = [];
    onMachine({ programs: { [ofPass]: works } }, (context) => {
      const runSync: Context['runSync'] = (_program, [verb = '']) => {
        calls.push(verb);
        return verb === 'get' && calls.length === 2
          ? answer
          : { ...none, status: 0, output: nothing };
      };
      fails(() => tryStore(testContext({ ...context, runSync }), 'pass'), 'storage', /pass/);
    });
    assert.equal(calls, ['store', 'get', 'erase', 'get']);
  }
});

test('one that gives back something else is refused', () =>
  onMachine({ programs: { [ofPass]: works } }, (context) => {
    const runSync: Context['runSync'] = () => ({ ...none, status: 0, output: '{"Secret":"x"}' });
    const given = testContext({ ...context, runSync });
    fails(() => tryStore(given, 'pass'), 'storage', /pass does not give back what it was given/);
  }));

test.run();
