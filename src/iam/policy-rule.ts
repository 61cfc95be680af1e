import { isObject, type JsonObject } from '../json-object.ts';

/** The rule of a policy, such as the times at which it applies. */
export interface Rule {
  /** For messages: `after 2026-01-01T00:00:00Z until 2026-02-01T00:00:00Z`. */
  readonly text: string;
  /** Undefined if it depends on more than the time. */
  readonly isMet: boolean | undefined;
}

/**
 * Returns the rule of a policy of version 2, evaluated at a time; undefined without a rule.
 * Source: https://cloud.ibm.com/docs/account?topic=account-iam-condition-properties.
 */
export function ruleOf({ rule, pattern }: JsonObject, now: number): Rule | undefined {
  if (isObject(rule)) return { text: textOf(rule), isMet: isMet(rule, now) };
  return rule === undefined && pattern === undefined
    ? undefined
    : { text: 'under conditions', isMet: undefined };
}

function isMet(rule: JsonObject, now: number): boolean | undefined {
  const { conditions, operator } = rule;
  if (!Array.isArray(conditions)) return isConditionMet(rule, now);
  const results = conditions.map((each) => (isObject(each) ? isMet(each, now) : undefined));
  // A result that decides the whole; in case of `or` the first true one.
  const deciding = operator === 'or';
  if (operator !== 'or' && operator !== 'and') return undefined;
  if (results.includes(deciding)) return deciding;
  return results.includes(undefined) ? undefined : !deciding;
}

type Compare = (current: number, wanted: number) => boolean;

const comparisons: Readonly<Record<string, Compare>> = {
  LessThan: (current, wanted) => current < wanted,
  LessThanOrEquals: (current, wanted) => current <= wanted,
  GreaterThan: (current, wanted) => current > wanted,
  GreaterThanOrEquals: (current, wanted) => current >= wanted,
};

/** Returns undefined for an attribute other than the time, and for a value in an unknown format. */
function isConditionMet({ key, operator, value }: JsonObject, now: number): boolean | undefined {
  const [, attribute = ''] = /^\{\{environment\.attributes\.(\w+)\}\}$/.exec(String(key)) ?? [];
  const [, kind = '', comparison = ''] =
    /^(dateTime|time|dayOfWeek)(\w+)$/.exec(String(operator)) ?? [];
  if (attribute !== attributes[kind]) return undefined;
  if (kind === 'dayOfWeek') {
    const days = (Array.isArray(value) ? value : [value]).map((day) => isDay(String(day), now));
    if (days.includes(true)) return true;
    return days.includes(undefined) ? undefined : false;
  }
  const compare = comparisons[comparison];
  const parsed = kind === 'time' ? timeOfDay(String(value), now) : [now, Date.parse(String(value))];
  if (compare === undefined || parsed === undefined || parsed.some(Number.isNaN)) return undefined;
  const [current = 0, wanted = 0] = parsed;
  return compare(current, wanted);
}

const attributes: Readonly<Record<string, string>> = {
  dateTime: 'current_date_time',
  time: 'current_time',
  dayOfWeek: 'day_of_week',
};

const dayMs = 86_400_000;

/** `3+06:00` is Wednesday in that time zone; Monday is 1. */
function isDay(text: string, now: number): boolean | undefined {
  const [, day, zone = ''] = /^([1-7])((?:[+-]\d\d?:?\d\d)?)$/.exec(text) ?? [];
  if (day === undefined) return undefined;
  const weekday = new Date(now + offsetMs(zone)).getUTCDay();
  return weekday === Number(day) % 7;
}

/** Returns the current and the wanted time of the day in milliseconds, in the time zone of `09:00:00-05:00`. */
function timeOfDay(text: string, now: number): readonly [number, number] | undefined {
  const [, clock, zone = ''] = /^(\d\d:\d\d(?::\d\d)?)(Z|(?:[+-]\d\d?:?\d\d)?)$/.exec(text) ?? [];
  if (clock === undefined) return undefined;
  return [(now + offsetMs(zone)) % dayMs, Date.parse(`1970-01-01T${clock}Z`)];
}

/** Returns 0 without a time zone. */
function offsetMs(zone: string): number {
  const [, sign, hours = 0, minutes = 0] = /^([+-])(\d\d?):?(\d\d)$/.exec(zone) ?? [];
  const offset = (Number(hours) * 60 + Number(minutes)) * 60_000;
  return sign === '-' ? -offset : offset;
}

/** A condition on another attribute is shown by its name. */
function textOf(rule: JsonObject): string {
  const { conditions, operator, key, value } = rule;
  if (Array.isArray(conditions)) {
    const parts = conditions.map((each) => (isObject(each) ? textOf(each) : '?'));
    return parts.join(operator === 'or' ? ' or ' : ' ');
  }
  const word = wordOf(String(operator));
  if (word !== undefined) return `${word} ${value}`;
  return `if ${String(key).replace(/^\{\{|\}\}$/g, '')} ${operator} ${value}`;
}

function wordOf(operator: string): string | undefined {
  if (operator.startsWith('dayOfWeek')) return 'on days';
  if (/^(?:dateTime|time)Greater/.test(operator)) return 'after';
  return /^(?:dateTime|time)Less/.test(operator) ? 'until' : undefined;
}
