import { execFileSync } from 'node:child_process';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { wrap, wrapCommand } from '../../src/wrap.ts';

const test = suite('wrap');

const rows: readonly (readonly [text: string, width: number, lines: readonly string[]])[] = [
  ['short text', 40, ['short text']],
  ['a message without a command', 16, ['a message', 'without a', 'command']],
  [
    'hint: run docker-credential-icr doctor',
    20,
    ['hint: run', 'docker-credential-icr \\', '  doctor'],
  ],
  [
    'hint: run docker-credential-icr login us.icr.io again',
    40,
    ['hint: run docker-credential-icr login \\', '  us.icr.io again'],
  ],
  [
    'hint: run docker-credential-icr login us.icr.io, or log out of us.icr.io and log in again',
    60,
    [
      'hint: run docker-credential-icr login us.icr.io, or log out',
      'of us.icr.io and log in again',
    ],
  ],
  [
    'run docker-credential-icr login us.icr.io, or docker-credential-icr logout --identity work to remove the identity',
    40,
    [
      'run docker-credential-icr login \\',
      '  us.icr.io, or docker-credential-icr \\',
      '  logout --identity work to remove the',
      'identity',
    ],
  ],
  [
    'hint: try docker-credential-icr status, or see docker-credential-icr --help',
    40,
    ['hint: try docker-credential-icr \\', '  status, or see docker-credential-icr \\', '  --help'],
  ],
  [
    'docker-credential-icr is not on PATH, so clients cannot run it',
    30,
    ['docker-credential-icr is not', 'on PATH, so clients cannot run', 'it'],
  ],
  [
    'check it, then run docker-credential-icr login again',
    44,
    ['check it, then run docker-credential-icr \\', '  login again'],
  ],
  ["hint: run rm '/a b/c d' /e", 16, ['hint: run rm \\', "  '/a b/c d' \\", '  /e']],
  ['docker-credential-icr login us.icr.io', 32, ['docker-credential-icr login \\', '  us.icr.io']],
  ['hint: run this as user jane', 16, ['hint: run this', 'as user jane']],
];

for (const [text, width, lines] of rows) {
  test(`${width} columns: ${text}`, () => assert.equal(wrapCommand(text, width), lines));
}

const words = fc.array(fc.stringMatching(/^[a-z./-]{1,30}$/), { minLength: 1, maxLength: 12 });

test('wrap: keeps all words, and no line with two words is too long', () =>
  fc.assert(
    fc.property(words, fc.integer({ min: 1, max: 90 }), (list, width) => {
      const lines = wrap(list.join(' '), width);
      assert.equal(lines.join(' ').split(' '), list);
      assert.ok(lines.every((line) => line.length <= width || !line.includes(' ')));
    }),
  ));

test('wrapCommand: keeps all words', () =>
  fc.assert(
    fc.property(words, fc.integer({ min: 1, max: 90 }), (list, width) => {
      const text = `run docker-credential-icr ${list.join(' ')}, or run rm ${list.join(' ')} again`;
      const unwrapped = wrapCommand(text, width).map((line) => line.replace(/ \\$/, '').trim());
      assert.is(unwrapped.join(' '), text);
    }),
  ));

test('wrapCommand: a shell reads the same arguments', () => {
  const printed = `run printf '%s|' a 'b  c' "d e" f/g docker-credential-icr login`;
  for (const width of [10, 20, 30, 80]) {
    const command = wrapCommand(printed, width)
      .join('\n')
      .replace(/^run\s/, '');
    const output = execFileSync('sh', ['-c', command], { encoding: 'utf8' });
    assert.is(output, 'a|b  c|d e|f/g|docker-credential-icr|login|');
  }
});

test.run();
