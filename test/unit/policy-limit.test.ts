import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { limitOf } from '../../src/iam/policy-limit.ts';

const test = suite('limits of access policies');

type Row = readonly [operator: string | undefined, value: unknown, text: string, expected: boolean];

const rows: readonly Row[] = [
  [undefined, 'demo', 'demo', true],
  [undefined, 'de*', 'demo', false],
  ['stringEquals', 'demo', 'Demo', false],
  ['stringEquals', 'demo', 'demo2', false],
  ['stringEqualsAnyOf', ['x', 'demo'], 'demo', true],
  ['stringEqualsAnyOf', ['x', 'd*'], 'demo', false],
  ['stringMatch', 'de*', 'demo', true],
  ['stringMatch', 'de*', 'ode', false],
  ['stringMatch', '*mo', 'demo', true],
  ['stringMatch', 'd?mo', 'demo', true],
  ['stringMatch', 'd?o', 'demo', false],
  ['stringMatch', 'us-*', 'us-south', true],
  ['stringMatch', 'a.b', 'axb', false],
  ['stringMatch', 'de{{*}}', 'demo', false],
  ['stringMatch', 'de{{*}}', 'de*', true],
  ['stringMatch', 'de{{?}}', 'de?', true],
  ['stringMatch', '(', '(', true],
  ['stringMatchAnyOf', ['x*', 'd*'], 'demo', true],
  ['stringMatchAnyOf', ['x*'], 'demo', false],
  ['stringExists', true, 'demo', true],
  ['stringExists', 'true', 'demo', true],
  ['stringExists', false, 'demo', false],
];
for (const [operator, value, text, expected] of rows) {
  test(`${operator} ${value}: ${text} ${expected ? 'matches' : 'does not match'}`, () => {
    assert.is(limitOf({ operator, value })?.matches(text), expected);
  });
}

test('an unknown operator is no limit', () => {
  assert.is(limitOf({ operator: 'stringBefore', value: 'demo' }), undefined);
});

test.run();
