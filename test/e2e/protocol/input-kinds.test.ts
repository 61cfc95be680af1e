import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  answer,
  answered,
  collect,
  credential,
  executable,
  helper,
  notFound,
  nothing,
  type Outcome,
  refused,
  startHelper,
} from '../../support/helper.ts';
import { type Home, inHome } from '../../support/home.ts';

const test = suite('types of standard input');

const { O_NONBLOCK, O_RDONLY, O_WRONLY } = fs.constants;
const known = answered(answer('us.icr.io'));

function inHomeThatKnows(use: (home: Home) => void | Promise<void>): Promise<void> {
  return inHome(async (home) => {
    assert.equal(helper(home, 'store', credential('us.icr.io')), nothing);
    await use(home);
  });
}

/** Runs a shell script in the home directory, with the executable as `$0`. */
function shell(home: Home, script: string): Outcome {
  const { stdout, stderr, status } = spawnSync('/bin/sh', ['-c', script, executable], {
    cwd: home.folder,
    env: home.env,
    encoding: 'utf8',
    timeout: 20_000,
  });
  return { stdout, stderr, status };
}

/** Calls the executable with this descriptor as standard input, and closes it in this process. */
function withInput(home: Home, verb: string, descriptor: number): Promise<Outcome> {
  const child = spawn(executable, [verb], { env: home.env, stdio: [descriptor, 'pipe', 'pipe'] });
  fs.closeSync(descriptor);
  return collect(child);
}

test('a socket, which cannot be opened as /dev/stdin', () =>
  inHomeThatKnows(async (home) => {
    const opening = spawn('/bin/sh', ['-c', ': < /dev/stdin']);
    assert.is.not((await collect(opening)).status, 0, 'standard input is not a socket');
    assert.equal(await startHelper(home, 'get', 'us.icr.io\n').outcome, known);
  }));

test('single bytes, which split a UTF-8 character', () =>
  inHomeThatKnows(async (home) => {
    const { child, outcome } = startHelper(home, 'store');
    for (const byte of Buffer.from(credential('us.icr.io', 'Grüße', '🐳 canary'))) {
      await new Promise((resolve) => child.stdin?.write(Uint8Array.of(byte), resolve));
    }
    child.stdin?.end();
    assert.equal(await outcome, nothing);
    assert.is(helper(home, 'get', 'us.icr.io').stdout, answer('us.icr.io', 'Grüße', '🐳 canary'));
  }));

test('a non-blocking FIFO, in two parts', () =>
  inHomeThatKnows(async (home) => {
    const pipe = path.join(home.folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const reader = fs.openSync(pipe, O_RDONLY | O_NONBLOCK);
    const writer = fs.openSync(pipe, O_WRONLY);
    // Bun makes the first three descriptors of a child blocking, so the shell passes another one.
    const child = spawn('/bin/sh', ['-c', 'exec "$0" get <&3', executable], {
      env: home.env,
      stdio: ['ignore', 'pipe', 'pipe', reader],
    });
    fs.closeSync(reader);
    fs.writeSync(writer, 'us.');
    // Usually the helper has found the pipe empty after this time. If not, the result is the same.
    await new Promise((resolve) => setTimeout(resolve, 100));
    fs.writeSync(writer, 'icr.io');
    fs.closeSync(writer);
    assert.equal(await collect(child), known);
  }));

test('a file', () =>
  inHomeThatKnows(async (home) => {
    const file = path.join(home.folder, 'input');
    fs.writeFileSync(file, 'us.icr.io\n');
    assert.equal(await withInput(home, 'get', fs.openSync(file, 'r')), known);
  }));

const scripts: readonly [name: string, script: string, Outcome][] = [
  ['a pipe', 'printf us.icr.io | "$0" get', known],
  ['a pipe that starts late', '(sleep 0.1; printf us.; printf icr.io) | "$0" get', known],
  ['a file with an offset', 'printf "x\\nus.icr.io" > f; (read x; "$0" get) < f', known],
  ['/dev/null', '"$0" get < /dev/null', refused('no credentials server URL')],
  ['closed', '"$0" get <&-', refused('no credentials server URL')],
  ['closed, for store', '"$0" store <&-', refused('no credentials server URL')],
  ['closed, for list', '"$0" list <&-', answered('{"us.icr.io":"iamapikey"}\n')],
  ['all three descriptors closed', '"$0" get <&- >&- 2>&-', { stdout: '', stderr: '', status: 1 }],
  ['a directory', '"$0" get < .', refused('cannot read the input (EISDIR)')],
  ['a directory, for list', '"$0" list < .', answered('{"us.icr.io":"iamapikey"}\n')],
  ['a write-only descriptor', '"$0" get 0> out', refused('no credentials server URL')],
  ['/dev/zero', '"$0" get < /dev/zero', refused('the input is longer than 1 MiB')],
];

for (const [name, script, expected] of scripts) {
  test(name, () => inHomeThatKnows((home) => assert.equal(shell(home, script), expected)));
}

test('control: the same call without a credential returns not found', () =>
  inHome((home) => assert.equal(shell(home, 'printf us.icr.io | "$0" get'), notFound)));

test.run();
