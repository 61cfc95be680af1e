import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { answer, collect, credential, executable, helper } from '../../support/helper.ts';
import { type Home, inHome } from '../../support/home.ts';

const test = suite('types of standard output');

const { O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = fs.constants;

function shell(home: Home, script: string) {
  return spawnSync('/bin/bash', ['-c', script, executable], {
    cwd: home.folder,
    env: home.env,
    encoding: 'utf8',
    timeout: 20_000,
  });
}

/** Returns the write end of a pipe without a reader. */
function brokenPipe(home: Home): number {
  const pipe = path.join(home.folder, 'broken');
  execFileSync('mkfifo', [pipe]);
  const reader = fs.openSync(pipe, O_RDONLY | O_NONBLOCK);
  const writer = fs.openSync(pipe, O_WRONLY);
  fs.closeSync(reader);
  return writer;
}

const sinks: readonly [name: string, open: (home: Home) => number][] = [
  ['a closed pipe', brokenPipe],
  ['a full disk', () => fs.openSync('/dev/full', 'w')],
];
const calls: readonly [verb: string, input: string][] = [
  ['get', 'us.icr.io'],
  ['get', 'de.icr.io'],
  ['get', 'no host'],
  ['list', ''],
  ['version', ''],
];

for (const [name, open] of sinks) {
  for (const [verb, input] of calls) {
    test(`${name}, after ${verb} ${input}: exits with 1 and prints one line without the secret`, () =>
      inHome((home) => {
        helper(home, 'store', credential('us.icr.io'));
        const sink = open(home);
        const { status, stderr } = spawnSync(executable, [verb], {
          env: home.env,
          input,
          encoding: 'utf8',
          stdio: ['pipe', sink, 'pipe'],
        });
        fs.closeSync(sink);
        assert.is(status, 1);
        assert.match(
          stderr,
          /^docker-credential-icr: cannot write to standard output \(E[A-Z]+\)\n$/,
        );
      }));
  }
}

test('a file', () =>
  inHome((home) => {
    helper(home, 'store', credential('us.icr.io'));
    assert.is(shell(home, 'echo us.icr.io | "$0" get > f').status, 0);
    assert.is(fs.readFileSync(path.join(home.folder, 'f'), 'utf8'), answer('us.icr.io'));
  }));

for (const way of ['2>&-', '2> /dev/full']) {
  test(`get succeeds if a warning cannot be written (${way})`, () =>
    inHome((home) => {
      helper(home, 'store', credential('us.icr.io'));
      fs.chmodSync(path.join(home.config, 'hosts', 'us.icr.io.json'), 0o644);
      const { status, stdout } = shell(home, `echo us.icr.io | "$0" get ${way}`);
      assert.is(status, 0);
      assert.is(stdout, answer('us.icr.io'));
    }));
}

test('a full non-blocking pipe: writes the whole output', () =>
  inHome(async (home) => {
    const secret = 'canary-'.repeat(140_000);
    helper(home, 'store', credential('us.icr.io', 'iamapikey', secret));
    const pipe = path.join(home.folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const descriptor = fs.openSync(pipe, O_RDWR | O_NONBLOCK);
    const child = spawn('/bin/sh', ['-c', 'exec "$0" get >&3', executable], {
      env: home.env,
      stdio: ['pipe', 'ignore', 'pipe', descriptor],
    });
    child.once('exit', () => fs.closeSync(descriptor));
    child.stdin?.end('us.icr.io');
    const { stdout } = await collect(spawn('cat', [pipe]));
    assert.ok(stdout === answer('us.icr.io', 'iamapikey', secret));
  }));

test('a full disk, after --help: exits with 1, not with the status of a usage error', () =>
  inHome((home) => {
    const { status, stderr } = shell(home, '"$0" --help >/dev/full');
    assert.is(stderr, 'docker-credential-icr: cannot write to standard output (ENOSPC)\n');
    assert.is(status, 1);
  }));

const emptyAnswers: readonly [verb: string, input: string][] = [
  ['store', credential('us.icr.io')],
  ['erase', 'us.icr.io'],
];

for (const redirection of ['>>', '1<>']) {
  for (const [verb, input] of emptyAnswers) {
    test(`a file opened with ${redirection}, after ${verb}: keeps its content`, () =>
      inHome((home) => {
        const log = path.join(home.folder, 'log');
        fs.writeFileSync(log, 'earlier line\n');
        const script = `printf %s '${input}' | "$0" ${verb} ${redirection} log`;
        assert.is(shell(home, script).status, 0);
        assert.is(fs.readFileSync(log, 'utf8'), 'earlier line\n');
      }));
  }
}

test.run();
