import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  hasControlCharacter,
  hintLines,
  moveAway,
  shellQuoted,
  shownName,
  visible,
  visibleLines,
} from '../../src/visible.ts';

const test = suite('visible');

const rows: readonly [text: string, shown: string][] = [
  ['', ''],
  ['identity work (user jane)', 'identity work (user jane)'],
  ['Zoë 漢字 🐳 é', 'Zoë 漢字 🐳 é'],
  ['a\u001b[31mb', 'a\\u001b[31mb'],
  ['a\nb\rc\td\0\u007f\b', 'a\\u000ab\\u000dc\\u0009d\\u0000\\u007f\\u0008'],
  ['\u0085\u009b31m\u009f', '\\u0085\\u009b31m\\u009f'],
  ['\u202a\u202b\u202c\u202d\u202e', '\\u202a\\u202b\\u202c\\u202d\\u202e'],
  ['\u2066\u2067\u2068\u2069', '\\u2066\\u2067\\u2068\\u2069'],
  ['\u061c\u200e\u200f', '\\u061c\\u200e\\u200f'],
  ['\u200b\u200c\u200d\u2060\ufeff\u00ad', '\\u200b\\u200c\\u200d\\u2060\\ufeff\\u00ad'],
  ['\u034f\u115f\u3164\uffa0\u180e', '\\u034f\\u115f\\u3164\\uffa0\\u180e'],
  ['\ufe0f\u{e0100}', '\\ufe0f\\udb40\\udd00'],
  ['\u2028\u2029', '\\u2028\\u2029'],
  ['\u{e0041}', '\\udb40\\udc41'],
  ['\ud800', '\\ud800'],
  ['\ue000', '\\ue000'],
];

for (const [text, shown] of rows) {
  test(shown, () => {
    assert.is(visible(text), shown);
    assert.is(visibleLines(text), shown.replace('\\u000a', '\n').replace('\\u0009', '\t'));
  });
}

test('printable ASCII, and no other character of one byte, is shown as it is', () => {
  for (let code = 0; code < 0x80; code += 1) {
    const letter = String.fromCharCode(code);
    const isShown = code >= 0x20 && code <= 0x7e;
    for (const text of [letter, `a${letter}`]) {
      assert.is(visible(text) === text, isShown, String(code));
    }
  }
});

for (const [text, expected] of [
  ['', false],
  ['us.icr.io ~', false],
  ['Zoë\u00a0漢字 🐳', false],
  ['a\tb', true],
  ['\u0080', true],
  ['a\0', true],
  ['\u001f', true],
  ['a\nb', true],
  ['\u007f', true],
  ['\u009f', true],
] as const) {
  test(`${visible(text)} has ${expected ? 'a' : 'no'} control character`, () =>
    assert.is(hasControlCharacter(text), expected));
}

for (const [text, quoted] of [
  ['work', 'work'],
  ['/home/me/x_1-2@z:.json', '/home/me/x_1-2@z:.json'],
  ['', "''"],
  ['a b', "'a b'"],
  ['$(id)', "'$(id)'"],
  ['a;', "'a;'"],
  ["it's, isn't it", "'it'\\''s, isn'\\''t it'"],
  ['a\n\u001b\u009bb', "'a???b'"],
] as const) {
  test(`${visible(text)} is quoted for a shell as ${quoted}`, () =>
    assert.is(shellQuoted(text), quoted));
}

test('the command to move a file away quotes both names', () => {
  assert.is(moveAway('/a/x'), 'mv -i /a/x /a/x.old');
  assert.is(moveAway('/a b/x'), "mv -i '/a b/x' '/a b/x.old'");
});

test('a hint is one line without control characters; without a hint there is no line', () => {
  assert.equal(hintLines('run x\u001b'), ['hint: run x\\u001b']);
  assert.equal(hintLines(undefined), []);
});

for (const [name, shown] of [
  ['iamapikey', 'iamapikey'],
  ['<token>', '<token>'],
  [
    'first.last+registry@department.company.example',
    'first.last+registry@department.company.example',
  ],
  ['00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000'],
  ['Profile-11111111-2222-3333-4444-555555555555', 'Profile-11111111-2222-3333-4444-555555555555'],
  [`canary-${'k'.repeat(37)}`, '…'],
  [`canary-${'k'.repeat(33)}`, '…'],
  [`canary-${'k'.repeat(32)}`, `canary-${'k'.repeat(32)}`],
  ['eyJhbGciOiJSUzI1NiJ9.canary.x', '…'],
] as const) {
  test(`shows the name ${name} as ${shown}`, () => assert.is(shownName(name), shown));
}

test.run();
