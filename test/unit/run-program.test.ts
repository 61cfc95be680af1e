import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runProgram } from '../../src/cli/doctor/run-program.ts';

const test = suite('runProgram');

const env = { PATH: process.env.PATH ?? '' };

const rows: readonly [script: string, expected: object][] = [
  ['cat; echo "$1"; exit 3', { status: 3, stdout: 'inputlist\n' }],
  ['printf "\\303"; printf "\\274"', { status: 0, stdout: 'ü' }],
  ['exec yes', { problem: 'prints more than 1 MiB' }],
  ['yes & wait', { problem: 'prints more than 1 MiB' }],
  ['exec sleep 5', { problem: 'gave no answer within 2 s' }],
  // A grandchild that holds the output open must not block.
  ['sleep 5 & exit 0', { problem: 'gave no answer within 2 s' }],
];

for (const [script, expected] of rows) {
  test(script, async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-run-'));
    try {
      const file = path.join(folder, 'program');
      fs.writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      assert.equal(await runProgram(env, file, 'list', 'input'), expected);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });
}

test('reports a program that cannot be run', async () => {
  assert.equal(await runProgram(env, '/nonexistent', 'list', ''), {
    problem: 'cannot be run (ENOENT)',
  });
});

test.run();
