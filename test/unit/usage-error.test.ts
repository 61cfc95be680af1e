import fs from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { explainUsage } from '../../src/cli/usage-error.ts';
import { problemCodes, yargs } from '../../src/cli/yargs.ts';

const test = suite('usage errors');

const translations: object = JSON.parse(
  fs.readFileSync('node_modules/yargs/locales/en.json', 'utf8'),
);

test('the keys of the codes are keys of yargs', () => {
  const keys = Object.keys(translations);
  assert.equal(
    [...problemCodes.keys()].filter((key) => !keys.includes(key)),
    [],
  );
});

const kinds = { choices: ['one', 'two'] };

const rows: readonly (readonly [words: string, expected: string | undefined])[] = [
  ['map a b', undefined],
  ['map a', 'map needs another argument'],
  ['map a b C', 'unknown argument: c'],
  ['map a b c D', 'unknown arguments: c, d'],
  ['map a b {"code":"missing-value"}', 'unknown argument: {"code":"missing-value"}'],
  ['map a b --present', '--present needs a value'],
  ['map a b --other', 'unknown option: --other'],
  ['map a b --kind C', 'invalid values: argument: kind, given: "c", choices: "one", "two"'],
];

for (const [words, expected] of rows) {
  test(`${words}: ${expected ?? 'no error'}`, async () => {
    const typed = words.split(' ');
    const options = { present: { type: 'string' as const, requiresArg: true }, kind: kinds };
    const parser = yargs()
      .command('map <host> <identity>', '', (sub) => sub.options(options))
      .strict()
      .fail(false);
    const message = await (async () => parser.parseAsync(typed))().then(
      () => undefined,
      (error: Error) => explainUsage(error.message, typed, 'map', Object.keys(options)).message,
    );
    assert.is(message, expected);
  });
}

test.run();
