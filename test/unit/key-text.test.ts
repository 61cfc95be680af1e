import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { splitWords } from '../../src/cli/api-key/copies/command-copy.ts';
import { findKey, replaceKey } from '../../src/cli/api-key/copies/key-text.ts';
import { parsePlace } from '../../src/cli/api-key/copies/kubernetes-copy.ts';
import { HelperError } from '../../src/errors.ts';
import { hashOf, newApiKeyValue } from '../../src/identity/api-key-value.ts';

const test = suite('copies of API keys');

const old = newApiKeyValue();
const next = newApiKeyValue();
const oldHash = hashOf(old);
const base64 = (text: string) => Buffer.from(text).toString('base64');

/** Text that does not extend a key beside it. */
const around = fc.string({ unit: 'binary', maxLength: 60 }).map((text) => `${text} `);

test('replaces each copy of the key, and no other byte', () =>
  fc.assert(
    fc.property(
      fc.array(around, { minLength: 1, maxLength: 5 }),
      fc.boolean(),
      (parts, encoded) => {
        const of = (key: string) => {
          const copy = encoded ? base64(`iamapikey:${key}`) : key;
          return parts.map((part) => ` ${part}`).join(copy);
        };
        assert.is(replaceKey(of(old), oldHash, next), of(next));
        assert.is(findKey(of(old), oldHash), parts.length > 1 ? old : undefined);
        assert.is(replaceKey(of(next), oldHash, 'x'), of(next));
      },
    ),
  ));

const foreign: readonly string[] = [
  '',
  '\n',
  `${old}x`,
  `x${old}`,
  old.slice(1),
  base64(`${old}x`),
];
for (const text of foreign) {
  test(`changes nothing in ${JSON.stringify(text.slice(0, 12))}… (${text.length})`, () => {
    assert.is(replaceKey(text, oldHash, next), text);
  });
}

test('replaces a whole text that is not a key of IAM', () => {
  const brought = 'a key, of 32 or more characters: $&';
  assert.is(replaceKey(`${brought}\n`, hashOf(brought), '$&'), '$&\n');
});

const lines: readonly (readonly [line: string, words: readonly string[] | undefined])[] = [
  ['cat', ['cat']],
  ["  gh secret  set 'A B' ", ['gh', 'secret', 'set', 'A B']],
  [`sh -c "echo 'x'"`, ['sh', '-c', "echo 'x'"]],
  [`a"b c"'d'`, ['ab cd']],
  [`a ""`, ['a', '']],
  ['a $HOME *\\', ['a', '$HOME', '*\\']],
  [`a 'b`, undefined],
  [' ', undefined],
];
for (const [line, words] of lines) {
  test(`a command line: ${line}`, () => {
    if (words === undefined) assert.throws(() => splitWords(line), isInvalid);
    else assert.equal(splitWords(line), words);
  });
}

const places: readonly (readonly [target: string, place: object | undefined])[] = [
  ['kubernetes://a/b', { namespace: 'a', name: 'b', entry: undefined, context: undefined }],
  [
    'kubernetes://a/b.c/.x_Y-z',
    { namespace: 'a', name: 'b.c', entry: '.x_Y-z', context: undefined },
  ],
  [
    'kubernetes://a/b?context=p%2Fq',
    { namespace: 'a', name: 'b', entry: undefined, context: 'p/q' },
  ],
  ['kubernetes://a', undefined],
  ['kubernetes://a/../b', undefined],
  ['kubernetes://a/b/c/d', undefined],
  ['kubernetes://-a/b', undefined],
  ['kubernetes://a/b?namespace=c', undefined],
  ['kubernetes://a/b?context=%', { namespace: 'a', name: 'b', entry: undefined, context: '%' }],
];
for (const [target, place] of places) {
  test(target, () => {
    if (place === undefined) assert.throws(() => parsePlace(target), isInvalid);
    else assert.equal(parsePlace(target), place);
  });
}

function isInvalid(error: unknown): boolean {
  return error instanceof HelperError && error.code === 'invalid-input';
}

test.run();
