import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isIbmHost } from '../../src/registry/match.ts';
import { parseServerURL } from '../../src/registry/parse.ts';

const test = suite('host classification compared with a WHATWG parser');

/** Returns whether this program treats the host as IBM's. */
function ours(text: string): boolean {
  const host = parseServerURL(text);
  return !('problem' in host) && isIbmHost(host);
}

/** Returns the same with the WHATWG URL parser of browsers and Node, and a separate pattern. */
function theirs(text: string): boolean {
  const url = text.trim();
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(url);
  const parsed = URL.parse(hasScheme ? url.replace(/^[^:]*/, 'https') : `https://${url}`);
  return /^(([^.]+\.)*icr\.io|registry\.((ng|eu-gb|eu-de|au-syd)\.)?bluemix\.net)\.?$/.test(
    parsed?.hostname ?? '',
  );
}

const pieces = fc.oneof(
  fc.constantFrom(
    'icr.io',
    '.icr.io',
    'us',
    'cp',
    'private',
    'evil',
    '.example',
    'registry.',
    '.bluemix.net',
    'ng',
  ),
  fc.constantFrom(
    'https://',
    'http://',
    '://',
    '//',
    'ftp://',
    ':443',
    ':5000',
    ':',
    ':99999',
    '/v2/',
    '/ns/img',
  ),
  fc.constantFrom(
    '.',
    '/',
    '@',
    '\\',
    '?',
    '#',
    '%2e',
    '%00',
    '-',
    '_',
    ' ',
    '\t',
    '\n',
    '\r',
    '\0',
  ),
  fc.constantFrom('。', 'ı', 'ſ', 'K', 'ｉ', '\u00ad', 'xn--', '[', ']', '..', '\u202e', '\ufeff'),
  fc.string({ maxLength: 2 }),
);
const near = fc.array(pieces, { maxLength: 3 }).map((parts) => parts.join(''));
const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/);
const inputs = fc.oneof(
  fc
    .tuple(near, fc.constantFrom('icr.io', 'us.icr.io', 'US.icr.IO'), near)
    .map((parts) => parts.join('')),
  fc
    .tuple(fc.constantFrom('', 'https://'), fc.array(label, { maxLength: 3 }), near)
    .map(([scheme, labels, end]) => `${scheme}${[...labels, 'icr', 'io'].join('.')}${end}`),
  fc.array(pieces, { maxLength: 6 }).map((parts) => parts.join('')),
  fc.domain(),
  fc.webUrl(),
);

/** Accepted differences: this program refuses a host that another parser could read differently. */
const refusals: readonly [reason: string, applies: (text: string) => boolean][] = [
  ['the WHATWG parser removes control characters', (text) => /\p{Cc}/u.test(text)],
  ['a user name precedes the host', (text) => /@/.test(text)],
  ['the WHATWG parser treats a backslash as a slash', (text) => /\\/.test(text)],
  ['the WHATWG parser decodes percent signs', (text) => /%/.test(text)],
  ['the WHATWG parser converts non-ASCII letters', (text) => /[^\0-\x7f]/.test(text)],
  ['the WHATWG parser removes extra slashes', (text) => /^([a-z][a-z0-9+.-]*:\/\/)?\//i.test(text)],
  ['the scheme is not https or http', (text) => /^(?!https?:)[^/?#]*:\/\//i.test(text)],
  ['the URL has a query or a fragment', (text) => /[?#]/.test(text)],
  ['the WHATWG parser resolves dot segments', (text) => /\/\.{1,2}(\/|$)/.test(text)],
  [
    'the path has a character that is invalid in image names',
    (text) => /\/.*[^\w.~:@+/-]/.test(text),
  ],
  [
    'the port after the colon is empty',
    (text) => /^([a-z][a-z0-9+.-]*:\/\/)?[^/?#]*:([/?#]|$)/i.test(text),
  ],
  [
    'a label is empty, or ends with a hyphen',
    (text) => /\.\.|^\.|\/\.|-(\.|$)|-[:/?#]|\.-|^-|\/-/.test(text),
  ],
  [
    'the host has a character that only the WHATWG parser accepts',
    (text) => /[!"$&'()*+,;=`{}~]/.test(text),
  ],
];
/** Inputs that only the WHATWG parser refuses. */
const acceptances: readonly [reason: string, applies: (text: string) => boolean][] = [
  ['a label that is not valid Punycode', (text) => /xn--/i.test(text)],
];

const count = 10_000;

for (const seed of [1, 2]) {
  test(`${count} inputs, seed ${seed}: both parsers agree, or the difference is listed`, () => {
    const seen = new Map<string, number>();
    let both = 0;
    for (const text of fc.sample(inputs, { numRuns: count, seed })) {
      const [mine, other] = [ours(text), theirs(text)];
      if (mine && other) both += 1;
      if (mine === other) continue;
      const [reason] =
        (mine ? acceptances : refusals).find(([, applies]) => applies(text.trim())) ?? [];
      assert.ok(reason, `${JSON.stringify(text)} is IBM's ${mine ? 'here only' : 'there only'}`);
      seen.set(reason ?? '', (seen.get(reason ?? '') ?? 0) + 1);
    }
    assert.ok(both > count / 20, `${both} were IBM's to both`);
    assert.ok(seen.size > 5, `${seen.size} kinds of difference were met`);
  });
}

test.run();
