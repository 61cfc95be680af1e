import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Context, RunResult } from '../../src/context.ts';
import { usableStore } from '../../src/secrets/choose.ts';
import { fileStoreName, storeNames } from '../../src/secrets/store-types.ts';
import { probeStore } from '../../src/secrets/verified-store.ts';
import { type TestContext, testContext } from '../support/context.ts';
import { fails } from '../support/rejects.ts';

const test = suite('keychain selection');

const none: RunResult = { status: null, output: '', errors: '' };
const timeout: RunResult = { ...none, failure: 'timeout' };
/** The result of running a program. */
type Programs = Readonly<Record<string, () => RunResult>>;

/** The result of `pass` for a missing entry. */
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

/** A machine with only these programs on its PATH; `calls` records the commands. */
function onMachine(machine: Machine, use: (context: TestContext, calls: string[]) => void): void {
  const { platform = 'linux', env = {}, programs = {}, pass = false } = machine;
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-machine-'));
  const extension = platform === 'win32' ? '.exe' : '';
  for (const name of Object.keys(programs)) {
    fs.writeFileSync(path.join(home, `${name}${extension}`), '', { mode: 0o755 });
  }
  if (pass) {
    fs.mkdirSync(path.join(home, '.password-store'));
    fs.writeFileSync(path.join(home, '.password-store', '.gpg-id'), 'canary\n');
  }
  const calls: string[] = [];
  let kept = nothing;
  const runSync: Context['runSync'] = (program, [verb = ''], { input, timeoutMs }) => {
    const name = path.basename(program, extension);
    calls.push(`${name} ${name.startsWith('docker') ? verb : timeoutMs}`);
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
    'a session bus and pass',
    { env: bus, pass: true, programs: { 'dbus-send': works, [service]: works, [ofPass]: works } },
    'secretservice',
  ],
  [
    'a session bus without its helper, and pass',
    { env: bus, pass: true, programs: { 'dbus-send': works, [ofPass]: works } },
    'pass',
  ],
  [
    'a session bus with a locked keyring, and pass',
    { env: bus, pass: true, programs: { 'dbus-send': works, [service]: locked, [ofPass]: works } },
    'pass',
  ],
  [
    'a dead session bus',
    { env: bus, programs: { 'dbus-send': hanging, [service]: works } },
    undefined,
  ],
  [
    'a session bus without dbus-send',
    { env: bus, programs: { [service]: works } },
    'secretservice',
  ],
  [
    'a session bus and a keyring that hangs',
    { env: bus, programs: { 'dbus-send': works, [service]: hanging } },
    undefined,
  ],
  ['no session bus', { programs: { 'dbus-send': works, [service]: works } }, undefined],
  ['pass', { pass: true, programs: { [ofPass]: works } }, 'pass'],
  ['pass that is not initialized', { programs: { [ofPass]: works } }, undefined],
  ['pass with a locked key', { pass: true, programs: { [ofPass]: locked } }, undefined],
  ['pass without the helper', { pass: true }, undefined],
  ['no program', {}, undefined],
];
for (const [what, machine, chosen] of rows) {
  test(`${what}: ${chosen ?? 'files'}`, () =>
    onMachine(machine, (context) => assert.is(usableStore(context), chosen)));
}

test('the command line lists each store that a first login chooses', () => {
  const chosen = rows.map(([, , name = fileStoreName]) => name);
  assert.equal([...new Set(chosen)].sort(), [...storeNames].sort());
});

test('waits one second for the session bus, and calls no helper if it is dead', () =>
  onMachine(
    { env: bus, programs: { 'dbus-send': hanging, [service]: works } },
    (context, calls) => {
      usableStore(context);
      assert.equal(calls, ['dbus-send 1000']);
    },
  ));

test('reports why a keychain does not work', () =>
  onMachine({ pass: true, programs: { [ofPass]: locked } }, (context) => {
    usableStore(context);
    assert.equal(context.warnings, [
      'pass is not used: pass failed: locked\nhint: unlock it if it is locked with export GPG_TTY=$(tty) && echo | gpg -er "$(head -n1 ~/.password-store/.gpg-id)" | gpg -d, and try again',
    ]);
  }));

test('probe: stores, reads and erases a test credential', () =>
  onMachine({ programs: { [ofPass]: works } }, (context, calls) => {
    probeStore(context, 'pass');
    assert.equal(
      calls,
      ['store', 'get', 'erase', 'get'].map((verb) => `${ofPass} ${verb}`),
    );
  }));

test('probe: erases the test credential if it cannot be read', () => {
  for (const answer of [locked(), hanging()]) {
    const calls: string[] = [];
    onMachine({ programs: { [ofPass]: works } }, (context) => {
      const runSync: Context['runSync'] = (_program, [verb = '']) => {
        calls.push(verb);
        return verb === 'get' && calls.length === 2
          ? answer
          : { ...none, status: 0, output: nothing };
      };
      fails(() => probeStore(testContext({ ...context, runSync }), 'pass'), 'storage', /pass/);
    });
    assert.equal(calls, ['store', 'get', 'erase', 'get']);
  }
});

test('probe: the test credential has a URL of its own, and a bug in its removal is thrown', () =>
  onMachine({ programs: { [ofPass]: works } }, (context) => {
    const urls: string[] = [];
    const runSync: Context['runSync'] = (program, verbs, options) => {
      if (verbs[0] === 'store') urls.push(JSON.parse(options.input).ServerURL);
      if (verbs[0] === 'get') return locked();
      if (verbs[0] === 'erase') throw new TypeError('a bug');
      return context.runSync(program, verbs, options);
    };
    assert.throws(() => probeStore({ ...context, runSync }, 'pass'), /a bug/);
    assert.equal(urls, [`https://docker-credential-icr/trial/${context.pid}`]);
  }));

test('probe: rejects a keychain that returns another value', () =>
  onMachine({ programs: { [ofPass]: works } }, (context) => {
    const runSync: Context['runSync'] = () => ({ ...none, status: 0, output: '{"Secret":"x"}' });
    const given = testContext({ ...context, runSync });
    fails(
      () => probeStore(given, 'pass'),
      'storage',
      /pass does not return a secret that was just stored in it/,
    );
  }));

test.run();
