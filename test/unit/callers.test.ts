import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isCalledByItself } from '../../src/callers.ts';

const test = suite('whether this program runs above itself');

/** A process: what it runs, its words, and whether others may see what it runs. */
type Row = readonly [exe: string | undefined, ...words: string[]];

const own = '/usr/bin/docker-credential-icr';
const get: Row = [own, own, 'get'];
const shell: Row = ['/bin/sh', 'sh', '-c', 'x'];

/** A process table, from this process up; each is called something that looks like the end of its name. */
function withProcesses(rows: readonly Row[], use: (proc: string) => void): void {
  const proc = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-proc-'));
  for (const [index, [exe, ...words]] of rows.entries()) {
    const folder = path.join(proc, index === 0 ? 'self' : String(100 - index));
    const parent = index === rows.length - 1 ? 0 : 99 - index;
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
  ['nobody', [], false],
  ['a shell and a client', [shell, ['/usr/bin/docker', 'docker', 'get']], false],
  ['a get', [get], true],
  ['a get, behind wrappers and what nobody may look into', [shell, [undefined], shell, get], true],
  ['a list under another name', [[own, 'docker-credential-x', 'list']], true],
  ['exec, and its client', [shell, [own, own, 'exec', 'us.icr.io', '--', 'get']], false],
  ['exec without its words', [[own, own, 'exec']], false],
  ['a command for people', [[own, own, 'api-key', 'list']], false],
  ['another program with such a word', [['/opt/own', own, 'get']], false],
];
for (const [what, above, expected] of tables) {
  test(`below ${what}: ${expected}`, () =>
    withProcesses([get, ...above], (proc) =>
      assert.is(isCalledByItself(undefined, proc), expected),
    ));
}

test('on an interpreter, the script and its verb are looked at', () => {
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

test('without a process table it is not known, and so not said', () =>
  assert.is(isCalledByItself(undefined, '/nonexistent'), false));

test.run();
