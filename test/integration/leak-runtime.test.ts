import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { writeHardenedRuntime } from '../../scripts/runtime.ts';
import { answer, credential, executable, helper, startHelper } from '../support/helper.ts';
import { type Home, inHome, snapshot } from '../support/home.ts';

const test = suite('runtime options in the environment');

/** A directory with files that Bun might run; each leaves a marker file or prints a text. */
const stranger: Readonly<Record<string, string>> = {
  'package.json': JSON.stringify({
    scripts: { get: 'echo evil', list: 'echo evil', store: 'echo evil', erase: 'echo evil' },
  }),
  'evil.ts': 'require("fs").writeFileSync(__dirname + "/marker", ""); console.log("evil");',
  'get.ts': 'console.log("evil")',
  'bunfig.toml': 'preload = ["./evil.ts"]',
  '.env': 'BUN_OPTIONS=--preload ./evil.ts',
};

// Variables that a Bun or Node developer may have in the environment of a `docker build`.
const environments: readonly Readonly<Record<string, string>>[] = [
  { BUN_OPTIONS: '--preload ./evil.ts' },
  { BUN_OPTIONS: '--preload=./evil.ts --smol' },
  { BUN_OPTIONS: '-r ./evil.ts' },
  { BUN_OPTIONS: '--import ./evil.ts' },
  { BUN_OPTIONS: '--config=./bunfig.toml' },
  { BUN_OPTIONS: '--env-file=.env' },
  { BUN_OPTIONS: '--eval console.log("evil")' },
  { BUN_OPTIONS: '--inspect-brk' },
  { BUN_BE_BUN: '1' },
  { BUN_BE_BUN: 'true' },
  { BUN_INSPECT: 'ws+unix://inspector' },
  { BUN_INSPECT: 'ws+unix://inspector?break=1' },
  { BUN_INSPECT_CONNECT_TO: 'unix://inspector' },
  { BUN_INSPECT_PRELOAD: './evil.ts' },
  { BUN_CONFIG_VERBOSE_FETCH: 'curl' },
  { BUN_BYTECODE_ORDER_OUT: 'order', BUN_BYTECODE_ORDER_NAMES_OUT: 'names' },
  { BUN_BYTECODE_DIGEST_OUT: 'digest' },
  { BUN_RUNTIME_TRANSPILER_CACHE_PATH: 'cache' },
  { BUN_FFI_IMPORT: './evil.ts' },
  { NODE_OPTIONS: '--require ./evil.ts' },
  { NODE_OPTIONS: '--import ./evil.ts --inspect' },
  { NODE_PATH: '.' },
  { NODE_COMPILE_CACHE: 'cache' },
  { NODE_V8_COVERAGE: 'coverage' },
  { NODE_DEBUG: 'fs,net,http,tls,child_process' },
  { NODE_REPL_EXTERNAL_MODULE: './evil.ts' },
];

/** The verbs with their input and the expected response in every environment. */
function expectUsual(home: Home, cwd: string, env: Readonly<Record<string, string>>): void {
  const stored = credential('us.icr.io');
  const calls: readonly [verb: string, input: string, stdout: string][] = [
    ['store', stored, ''],
    ['get', 'us.icr.io', answer('us.icr.io')],
    ['list', '', '{"us.icr.io":"iamapikey"}\n'],
    ['erase', 'us.icr.io', ''],
    ['get', 'us.icr.io', 'credentials not found in native keychain\n'],
  ];
  for (const [verb, input, expected] of calls) {
    const { stdout, stderr } = helper(home, verb, input, { cwd, env });
    assert.is(stdout, expected, `${JSON.stringify(env)}: ${verb}`);
    assert.not.match(stderr, /evil|canary/);
  }
}

for (const env of environments) {
  test(`${JSON.stringify(env)} has no effect, and runs no file of the current directory`, () =>
    inHome((home) => {
      const folder = path.join(home.folder, 'stranger');
      fs.mkdirSync(folder);
      for (const [name, text] of Object.entries(stranger)) {
        fs.writeFileSync(path.join(folder, name), text);
      }
      const before = snapshot(folder);
      expectUsual(home, folder, env);
      assert.equal(snapshot(folder), before, 'nothing was written there');
    }));
}

/** Options of the JavaScript engine that read code from a file, or write files. */
const engineOptions: readonly Readonly<Record<string, string>>[] = [
  { BUN_JSC_functionOverrides: './evil.ts', BUN_JSC_useCodeCache: '0' },
  { BUN_JSC_jitAllowlist: './evil.ts' },
  { BUN_JSC_useJITDump: '1', BUN_JSC_jitDumpDirectory: '.' },
  { BUN_JSC_jitDumpDirectory: '.' },
  { BUN_JSC_useTextMarkers: '1', BUN_JSC_textMarkersDirectory: '.' },
  { BUN_JSC_textMarkersDirectory: '.' },
  { BUN_JSC_dumpJITMemoryPath: 'memory' },
  { BUN_JSC_useSamplingProfiler: '1', BUN_JSC_samplingProfilerPath: '.' },
  { BUN_JSC_useProfiler: '1', JSC_PROFILER_PATH: '.' },
  { BUN_JSC_diskCachePath: 'cache' },
  { BUN_JSC_configFile: './evil.ts' },
  { BUN_JSC_useDollarVM: '1' },
];

for (const env of engineOptions) {
  test(`${JSON.stringify(env)} ends the process before it reads anything`, () =>
    inHome((home) => {
      helper(home, 'store', credential('us.icr.io'));
      fs.writeFileSync(path.join(home.folder, 'evil.ts'), stranger['evil.ts'] ?? '');
      const before = snapshot(home.folder);
      const options = { cwd: home.folder, env };
      const { stdout, stderr, status } = helper(home, 'get', 'us.icr.io', options);
      assert.match(stderr, /^error: invalid JSC environment variable\n/);
      assert.equal([stdout, status], ['', 1]);
      assert.equal(snapshot(home.folder), before);
    }));
}

/** Returns true if the process has installed its handler of SIGSEGV, signal 11. */
function handlesCrashes(pid: number | undefined): boolean {
  const [, caught = ''] =
    /^SigCgt:\s*(\w+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (Number.parseInt(caught.slice(-4), 16) & 0x400) !== 0;
}

const onLinux = process.platform === 'linux' ? test : test.skip;
onLinux('a crash starts no program and sends no report', () =>
  inHome(async (home) => {
    const marker = path.join(home.folder, 'marker');
    const curl = path.join(home.folder, 'bin/curl');
    fs.mkdirSync(path.dirname(curl));
    fs.writeFileSync(curl, `#!/bin/sh\n>'${marker}'\n`, { mode: 0o755 });
    const env = {
      PATH: `${path.dirname(curl)}:${home.env.PATH}`,
      BUN_ENABLE_CRASH_REPORTING: '1',
      BUN_CRASH_REPORT_URL: 'http://127.0.0.1:9',
    };
    const { child, outcome } = startHelper(home, 'get', undefined, { env });
    while (!handlesCrashes(child.pid)) await sleep(5);
    child.kill('SIGSEGV');
    await outcome;
    assert.not.ok(fs.existsSync(marker));
  }),
);

/** Returns true if the process has started the thread that waits for its input; the engine is set up then. */
function isWaiting(pid: number | undefined): boolean {
  return fs.readdirSync(`/proc/${pid}/task`).length > 1;
}

const memoryRows: readonly (readonly [string, Readonly<Record<string, string>>, boolean])[] = [
  ['no memory is writable and executable', {}, false],
  ['a relative PATH changes nothing', { PATH: 'bin:.' }, false],
  ['a PATH that starts with a number changes nothing', { PATH: '1/bin' }, false],
  // Such a PATH names no directory that has programs. It shows that the test can tell.
  ['a PATH that is a number turns the compiler on', { PATH: '1' }, true],
];

for (const [name, env, isCompiling] of memoryRows) {
  onLinux(`engine: ${name}`, () =>
    inHome(async (home) => {
      const { child, outcome } = startHelper(home, 'get', undefined, { env });
      while (!isWaiting(child.pid)) await sleep(5);
      const maps = fs.readFileSync(`/proc/${child.pid}/maps`, 'utf8');
      assert.is(/^\S+ rwx/m.test(maps), isCompiling);
      child.kill();
      await outcome;
    }),
  );
}

test('other options of the JavaScript engine have no effect on the result', () =>
  inHome((home) =>
    expectUsual(home, home.folder, { BUN_JSC_useJIT: '0', JSC_functionOverrides: './evil.ts' }),
  ));

test('the build refuses a runtime that no longer supports one of the variables', () =>
  inHome(({ folder }) => {
    const program = path.join(folder, 'bun');
    fs.copyFileSync(executable, program);
    assert.throws(
      () => writeHardenedRuntime(program, `${program}.closed`),
      /does not contain BUN_OPTIONS/,
    );
    assert.not.ok(fs.existsSync(`${program}.closed`));
  }));

test.run();
