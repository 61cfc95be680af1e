import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { masked, plain } from '../../src/mask.ts';

const test = suite('secret masking');

const secret = 'canary-Key_öf/"wörk"+1<😀>';
const bytes = Buffer.from(secret);
const hexBytes = bytes.toString('hex').match(/../g) ?? [];
const base64 = bytes.toString('base64');

/** The secret in each encoding. */
const encodings: readonly [name: string, text: string][] = [
  ['unencoded', secret],
  ['upper case', secret.toUpperCase()],
  ['percent-encoded', encodeURIComponent(secret)],
  ['percent-encoded, lower case', encodeURIComponent(secret).toLowerCase()],
  ['each byte percent-encoded', hexBytes.map((byte) => `%${byte}`).join('')],
  ['percent-encoded twice', encodeURIComponent(encodeURIComponent(secret))],
  ['form-encoded', new URLSearchParams({ secret }).toString().slice('secret='.length)],
  ['as JSON', JSON.stringify(secret)],
  ['as JSON in JSON', JSON.stringify(JSON.stringify(secret))],
  [
    'as JSON of ASCII only',
    JSON.stringify(secret).replace(
      /[^ -~]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
    ),
  ],
  ['as C bytes', hexBytes.map((byte) => `\\x${byte}`).join('')],
  ['as octal', [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')],
  ['as HTML', secret.replace(/[^\w]/gu, (letter) => `&#${letter.codePointAt(0)};`)],
  ['base64', base64],
  ['base64url', bytes.toString('base64url')],
  ['base64, percent-encoded', encodeURIComponent(base64)],
  ['base64, in a JSON string', base64.replaceAll('/', '\\/')],
  ['base64, in lower case', base64.toLowerCase()],
  ['base64, wrapped', base64.replace(/.{7}/g, '$&\r\n  ')],
  ['hexadecimal', bytes.toString('hex')],
  ['hexadecimal, with colons', hexBytes.join(':').toUpperCase()],
  ['hexadecimal, as in source code', hexBytes.map((byte) => `0x${byte}`).join(', ')],
  ['decimal', JSON.stringify([...bytes])],
  ['base64 twice', Buffer.from(base64).toString('base64')],
  ['UTF-16, hexadecimal', Buffer.from(secret, 'utf16le').toString('hex')],
  ['UTF-16, base64', Buffer.from(secret, 'utf16le').toString('base64')],
  [
    'as HTML with leading zeros',
    [...secret].map((letter) => `&#0000000${letter.codePointAt(0)};`).join(''),
  ],
  ['with colors', [...secret].join('\u001b[1;31m')],
  ['with links', [...secret].join('\u001b]8;;https://a.example\u0007')],
  ['with other links', [...secret].join('\u001b]8;;https://a.example\u001b\\')],
];
for (const [name, text] of encodings) {
  test(`masks the whole secret: ${name}`, () => {
    const line = masked(`before ${text} after`, [secret]);
    assert.match(line, /^before \W{0,4}\*\*\*(?:\W|%2B|%3D){0,4} after$/);
  });
}

for (const user of ['', 'i', 'me', 'iam', 'iamapikey']) {
  test(`base64 of JSON with the base64 of ${user}:secret: masks all but a few digits`, () => {
    const auth = Buffer.from(`${user}:${secret}`).toString('base64');
    const whole = Buffer.from(JSON.stringify({ auth })).toString('base64');
    const [before = '', after = ''] = masked(whole, [secret]).split('***');
    const shown = Buffer.from(before, 'base64').toString().replace('{"auth":"', '');
    assert.match(Buffer.from(shown, 'base64').toString(), new RegExp(`^${user}:?.?$`, 's'));
    assert.ok(after.length < 12, after);
  });

  test(`base64 of ${user}:secret: masks all digits that depend on the secret only`, () => {
    const whole = Buffer.from(`${user}:${secret}`).toString('base64');
    const line = masked(`Basic ${whole} refused`, [secret]);
    const [, left = ''] = /^Basic (.*?)\*\*\*.{0,2} refused$/.exec(line) ?? [line];
    assert.ok(left.length <= Math.ceil(((user.length + 1) * 8) / 6), line);
  });
}

/** A list of bytes, as one of the rarer encodings. */
for (const [length, isMasked] of [
  [7, false],
  [8, true],
  [64 * 1024, true],
  [64 * 1024 + 1, false],
] as const) {
  test(`a list of the bytes of a secret of ${length} bytes is ${isMasked ? '' : 'not '}masked`, () => {
    const secret = 'canary-secret'.repeat(6000).slice(0, length);
    const list = [...Buffer.from(secret.slice(0, 8))].join(', ');
    assert.is(masked(`(${list})`, [secret]), isMasked ? '(***)' : `(${list})`);
  });
}

const others: readonly [text: string, secrets: readonly (string | undefined)[], shown: string][] = [
  ['a canary-secret b', [undefined, ''], 'a canary-secret b'],
  ['', ['canary'], ''],
  ['a canary b', ['canary'], 'a *** b'],
  ['a can b', ['canary'], 'a can b'],
  ['a CANARY%21 b', ['canary!'], 'a *** b'],
  ['a Y2FuYXJ5 b', ['canary'], 'a *** b'],
  ['a 12-34-56-78 b', ['12345678'], 'a *** b'],
  ['a 12-34-56-7 b', ['1234567'], 'a 12-34-56-7 b'],
  ['a canary/12 b', ['can-ary-12'], 'a *** b'],
  ['a canary/1 b', ['can-ary-1'], 'a canary/1 b'],
  ['x and y', ['y'], 'x and ***'],
  ['a YWJj b', ['abc'], 'a *** b'],
  ['a YWI b', ['ab'], 'a YWI b'],
  ['starts with canary-s, and', ['canary-secret'], 'starts with ***, and'],
  ['ends with y-secret', ['canary-secret'], 'ends with ***'],
  ['seven canary- are shown', ['canary-secret'], 'seven canary- are shown'],
  ['can​ary-se‌cret', ['canary-secret'], '***'],
  ['one-canary and two-canary', ['one-canary', 'two-canary'], '*** and ***'],
  ['credentials not found', ['canary-key-of-mine-1'], 'credentials not found'],
  ['%zz \\q &nope; &#99999999; 100%', ['canary-secret'], '%zz \\q &nope; &#99999999; 100%'],
  ['&#1114112; and a canary-secret', ['canary-secret'], '&#1114112; and a ***'],
  ['!@#$%^&*() is one', ['!@#$%^&*()'], '*** is one'],
];
for (const [text, secrets, shown] of others) {
  test(`${JSON.stringify(text)} is shown as ${JSON.stringify(shown)}`, () =>
    assert.is(masked(text, secrets), shown));
}

// Each letter and digit at the limits of its range counts in base64 and hexadecimal, and no neighbour does.
test('ignores everything but letters and digits between the digits of an encoding', () => {
  const digits = Buffer.from('canary-secret-09AZaz').toString('base64');
  for (let code = 0x20; code < 0x7f; code += 1) {
    const separator = String.fromCharCode(code);
    const isDigit = /[0-9A-Za-z]/.test(separator);
    const text = digits.replace(/./g, `$&${separator.replace('$', '$$$$')}`);
    assert.is(masked(`(${text})`, ['canary-secret-09AZaz']).includes('***'), !isDigit, separator);
  }
});

test('ignores the case of every letter', () => {
  for (const letter of 'abcdefghijklmnopqrstuvwxyz') {
    const secret = `1234567${letter}`;
    assert.is(masked(secret.toUpperCase(), [secret]), '***', letter);
    assert.is(masked(secret, [secret.toUpperCase()]), '***', letter);
  }
  // The neighbours of the letters in ASCII are not letters.
  for (const [one, other] of ['@`', '[{'])
    assert.is(masked(`1234567${one}`, [`1234567${other}`]), `1234567${one}`);
});

test('keeps the text around characters of each length in UTF-8', () => {
  for (const code of [0x7f, 0x80, 0x7ff, 0x800, 0xffff, 0x10000, 0x10ffff]) {
    const letter = String.fromCodePoint(code);
    for (const text of [`${letter}canary-x${letter}b`, `a${letter}${letter}canary-x`]) {
      assert.is(masked(text, ['canary-x']), text.replace('canary-x', '***'), code.toString(16));
    }
    const all = `canary${letter}`;
    assert.is(masked(`a${all}b`, [all]), 'a***b', code.toString(16));
  }
});

for (const [text, decoded] of [
  ['\\t', '\t'],
  ['\\b', '\b'],
  ['\\f', '\f'],
  ['\\n', '\n'],
  ['\\r', '\r'],
  ['\\T', '\t'],
  ['&amp;', '&'],
  ['&AMP;', '&'],
  ['&lt;', '<'],
  ['&gt;', '>'],
  ['&quot;', '"'],
  ['&apos;', "'"],
  ['&#38;', '&'],
  ['&#x26;', '&'],
  ['\\u{26}', '&'],
  ['&#x10ffff;', '\u{10ffff}'],
] as const) {
  test(`decodes ${text}`, () => {
    // Fewer than 8 bytes, so that it is masked only as a whole.
    assert.is(masked(`x(a${text}b)x`, [`(a${decoded}b)`]), 'x***x');
  });
}

for (const [before, secret, first, end] of [
  ['', 'canar', 0, 6],
  ['x', 'canar', 2, 8],
  ['xy', 'canar', 3, 9],
  ['x', 'canary7', 2, 11],
  ['', 'canary-secret', 0, 18],
] as const) {
  test(`base64 of ${before}${secret}: masks the digits that depend on the secret`, () => {
    const digits = Buffer.from(before + secret).toString('base64');
    const shown = `${digits.slice(0, first)}***${digits.slice(end)}`;
    assert.is(masked(digits, [secret]), shown);
  });
}

for (const [levels, isMasked] of [
  [1, true],
  [3, true],
  [4, false],
] as const) {
  test(`${levels} nested escapes are ${isMasked ? '' : 'not '}decoded`, () => {
    let text = '(a/b)';
    for (let level = 0; level < levels; level += 1) text = encodeURIComponent(text);
    assert.is(masked(`x${text}x`, ['(a/b)']), isMasked ? 'x***x' : `x${text}x`);
  });
}

test('a short secret at the start and at the end', () =>
  assert.is(masked('abc of abc', ['abc']), '*** of ***'));

test('plain: one line, with one space for white space and control characters', () => {
  assert.is(plain(' \na \t\r\n b\u0007c\u2028d\u2029\u001b '), 'a b c d');
  assert.is(plain('a canary\n', ['canary']), 'a ***');
});

test('plain: of the first 16 KiB', () => {
  assert.is(plain(`${' '.repeat(16 * 1024 - 1)}ab`), 'a');
});

test('plain: at most 300 characters', () => {
  assert.is(plain('x'.repeat(300)), 'x'.repeat(300));
  assert.is(plain('x'.repeat(301)), `${'x'.repeat(300)}…`);
});

test.run();
