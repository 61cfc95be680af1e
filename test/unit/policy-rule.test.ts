import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ruleOf } from '../../src/iam/policy-rule.ts';

const test = suite('rules of access policies');

/** A Wednesday. */
const now = Date.parse('2026-03-11T22:30:00Z');

const environment = (name: string) => `{{environment.attributes.${name}}}`;
const at = (operator: string, value: unknown) => ({
  key: environment('current_date_time'),
  operator: `dateTime${operator}`,
  value,
});
const daily = (operator: string, value: unknown) => ({
  key: environment('current_time'),
  operator: `time${operator}`,
  value,
});
const days = (value: unknown, operator = 'AnyOf') => ({
  key: environment('day_of_week'),
  operator: `dayOfWeek${operator}`,
  value,
});
const path = { key: '{{resource.attributes.path}}', operator: 'stringMatch', value: 'a/*' };
const both = (...conditions: readonly unknown[]) => ({ operator: 'and', conditions });
const either = (...conditions: readonly unknown[]) => ({ operator: 'or', conditions });
const isPast = at('LessThanOrEquals', '2026-03-11T22:29:59Z');
const isFuture = at('LessThanOrEquals', '2026-03-11T22:30:00Z');

const rows: readonly (readonly [rule: unknown, isMet: boolean | undefined, text: string])[] = [
  [isPast, false, 'until 2026-03-11T22:29:59Z'],
  [isFuture, true, 'until 2026-03-11T22:30:00Z'],
  [at('LessThan', '2026-03-11T22:30:00Z'), false, 'until 2026-03-11T22:30:00Z'],
  [at('GreaterThan', '2026-03-11T22:30:00Z'), false, 'after 2026-03-11T22:30:00Z'],
  [at('GreaterThanOrEquals', '2026-03-12T00:30:00+02:00'), true, 'after 2026-03-12T00:30:00+02:00'],
  [
    at('Near', '2026-03-12T00:30:00Z'),
    undefined,
    'if environment.attributes.current_date_time dateTimeNear 2026-03-12T00:30:00Z',
  ],
  [at('LessThan', 'soon'), undefined, 'until soon'],
  [daily('GreaterThanOrEquals', '17:30:00-05:00'), true, 'after 17:30:00-05:00'],
  [daily('GreaterThanOrEquals', '17:30:01-05:00'), false, 'after 17:30:01-05:00'],
  // 00:30 of the next day there.
  [daily('LessThan', '01:00:00+02:00'), true, 'until 01:00:00+02:00'],
  [daily('LessThan', '23:00Z'), true, 'until 23:00Z'],
  [daily('LessThan', 23), undefined, 'until 23'],
  [days([1, 2, 3]), true, 'on days 1,2,3'],
  [days(['1+00:00', '4+00:00']), false, 'on days 1+00:00,4+00:00'],
  [days(['4+02:00']), true, 'on days 4+02:00'],
  [days('3+06:00', 'Equals'), false, 'on days 3+06:00'],
  [days([8]), undefined, 'on days 8'],
  [path, undefined, 'if resource.attributes.path stringMatch a/*'],
  [both(isFuture, days([3])), true, 'until 2026-03-11T22:30:00Z on days 3'],
  [
    both(isFuture, path),
    undefined,
    'until 2026-03-11T22:30:00Z if resource.attributes.path stringMatch a/*',
  ],
  [
    both(isPast, path),
    false,
    'until 2026-03-11T22:29:59Z if resource.attributes.path stringMatch a/*',
  ],
  [either(isPast, days([3])), true, 'until 2026-03-11T22:29:59Z or on days 3'],
  [either(isPast, days([4])), false, 'until 2026-03-11T22:29:59Z or on days 4'],
  [
    either(isPast, path),
    undefined,
    'until 2026-03-11T22:29:59Z or if resource.attributes.path stringMatch a/*',
  ],
  [
    both(isFuture, either(days([4]), days([3]))),
    true,
    'until 2026-03-11T22:30:00Z on days 4 or on days 3',
  ],
  [{ operator: 'not', conditions: [isPast] }, undefined, 'until 2026-03-11T22:29:59Z'],
  [both(isFuture, null), undefined, 'until 2026-03-11T22:30:00Z ?'],
  [{ ...isPast, key: environment('current_time') }, undefined, 'until 2026-03-11T22:29:59Z'],
];
for (const [rule, isMet, text] of rows) {
  test(`${JSON.stringify(rule)} is ${isMet}`, () => {
    assert.equal(ruleOf({ rule }, now), { text, isMet });
  });
}

test('a policy without a rule always applies, one with only a pattern perhaps', () => {
  assert.is(ruleOf({}, now), undefined);
  const pattern = 'time-based-conditions:once';
  assert.equal(ruleOf({ pattern }, now), { text: 'under conditions', isMet: undefined });
});

test('no rule makes it throw', () => {
  fc.assert(
    fc.property(
      fc.object({ key: fc.constantFrom('key', 'operator', 'value', 'conditions') }),
      (rule) => {
        assert.type(ruleOf({ rule }, now)?.text, 'string');
      },
    ),
  );
});

test.run();
