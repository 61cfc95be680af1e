import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isCalledByItself, processStat } from '../../src/process-tree.ts';

const test = suite('credential helper loop detection');

/** A process: its executable, followed by its arguments; `undefined` if other users cannot read them. */
type Row = readonly [executable: string | undefined, ...commandLine: string[]];

const own = '/usr/bin/docker-credential-icr';
const get: Row = [own, own, 'get'];
const shell: Row = ['/bin/sh', 'sh', '-c', 'x'];

/** A process table, from this process up; each has a name that resembles the end of a line in `stat`. */
function withProcesses(rows: readonly Row[], use: (proc: string) => void): void {
  const proc = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-proc-'));
  for (const [index, [exe, ...words]] of rows.entries()) {
    const folder = path.join(proc, index === 0 ? 'self' : String(rows.length - index));
    const parent = rows.length - index - 1;
    fs.mkdirSync(folder);
    fs.writeFileSync(path.join(folder, 'stat'), `1 (a) b) (c) S ${parent} 1 1`);
    fs.writeFileSync(path.join(folder, 'cmdline'), words.map((word) => `${word}\0`).join(''));
    if (exe !== undefined) fs.symlinkSync(exe, path.join(folder, 'exe'));
  }
  try {
    use(proc);
  } finally {
    fs.rmSync(proc, { recursive: true });
  }
}

const tables: readonly [what: string, above: readonly Row[], expected: boolean][] = [
  ['no process', [], false],
  ['a shell and a client', [shell, ['/usr/bin/docker', 'docker', 'get']], false],
  ['a get', [get], true],
  ['a get, behind wrappers and an unreadable process', [shell, [undefined], shell, get], true],
  ['a list under another name', [[own, 'docker-credential-x', 'list']], true],
  ['exec with a client', [shell, [own, own, 'exec', 'us.icr.io', '--', 'get']], false],
  ['exec without arguments', [[own, own, 'exec']], false],
  ['an interactive command', [[own, own, 'api-key', 'list']], false],
  ['another program with the same argument', [['/opt/own', own, 'get']], false],
];
for (const [what, above, expected] of tables) {
  test(`below ${what}: ${expected}`, () =>
    withProcesses([get, ...above], (proc) =>
      assert.is(isCalledByItself(undefined, proc), expected),
    ));
}

test('examines the first hundred processes above', () => {
  for (const [wrappers, expected] of [
    [99, true],
    [100, false],
  ] as const) {
    const rows = [get, ...Array<Row>(wrappers).fill(shell), get];
    withProcesses(rows, (proc) => assert.is(isCalledByItself(undefined, proc), expected));
  }
});

for (const verb of ['get', 'store', 'erase', 'list']) {
  test(`finds a loop below ${verb}`, () =>
    withProcesses([get, [own, own, verb]], (proc) =>
      assert.is(isCalledByItself(undefined, proc), true),
    ));
}

test('is not a loop if the script does not exist', () => {
  const node = '/usr/bin/node';
  withProcesses([get, [node, 'node', '/nonexistent', 'get']], (proc) => {
    fs.unlinkSync(path.join(proc, 'self/exe'));
    fs.symlinkSync(node, path.join(proc, 'self/exe'));
    assert.is(isCalledByItself('/nonexistent', proc), false);
  });
});

test('compares the script and its verb if an interpreter runs it', () => {
  const node = '/usr/bin/node';
  const script = import.meta.filename;
  const rows: readonly [above: Row, expected: boolean][] = [
    [[node, 'node', script, 'get'], true],
    [[node, 'node', script, 'exec', 'get'], false],
    [[node, 'node', '/usr/bin/other.js', 'get'], false],
  ];
  for (const [above, expected] of rows) {
    withProcesses([[node, 'node', script, 'get'], shell, above], (proc) =>
      assert.is(isCalledByItself(script, proc), expected),
    );
  }
});

test('reads the state, the parent and the start time of a process from its stat line', () => {
  // As in proc(5): the start time is the 22nd field, 18 after that of the parent.
  const between = Array.from({ length: 17 }, (_, index) => index + 100).join(' ');
  for (const [line, expected] of [
    [`39 (a) b) T 8 ${between} 4711 1`, ['T', 8, '4711']],
    ['39 ((sd-pam)) S 8 1 1', ['S', 8, '']],
  ] as const) {
    withProcesses([get], (proc) => {
      fs.writeFileSync(path.join(proc, 'self/stat'), line);
      const { pid, state, parentPid, started } = processStat('self', proc);
      assert.is(pid, 39);
      assert.equal([state, parentPid, started], expected);
    });
  }
});

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('reads /proc by default', () => {
  const { pid, parentPid, state } = processStat('self');
  assert.equal([pid, parentPid, state], [process.pid, process.ppid, 'R']);
});

for (const [verb, expected] of [
  ['get', 'true'],
  ['exec', 'false'],
] as const) {
  onLinux(`a program that runs itself again with ${verb}: ${expected}`, () => {
    const program = path.join(import.meta.dirname, '../support/loop-program.ts');
    const { stdout } = spawnSync(process.execPath, [program, verb], { encoding: 'utf8' });
    assert.is(stdout, expected);
  });
}

test('finds no loop if the process table is unavailable', () =>
  assert.is(isCalledByItself(undefined, '/nonexistent'), false));

test.run();
