import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { usageError } from '../../src/cli/usage-error.ts';

const test = suite('usage errors');

const key = 'canary-key-of-forty-four-characters-or-more-';
const rows: readonly [message: string, argv: readonly string[], told: string][] = [
  ['Unknown argument: statsu', ['statsu'], 'unknown argument: statsu'],
  [`Unknown argument: ${key}`, ['login', key], 'unknown argument: …'],
  [`Unknown arguments: ${key}, x, ${key}`, [key, 'x'], 'unknown arguments: …, x, …'],
  ['Unknown arguments: p, c, a', [`-p${key}`], 'unknown option -p'],
  ['Unknown argument: ls', ['exec', 'ls', '--', '-la'], 'unknown argument: ls'],
  [
    'Invalid values:\n  Argument: client,\tGiven: "x"',
    [],
    'invalid values: argument: client, given: "x"',
  ],
];

for (const [message, argv, told] of rows) {
  test(told, () => assert.is(usageError(message, argv), told));
}

test.run();
