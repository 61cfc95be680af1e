import { invalidInput } from '../../errors.ts';

const hourMs = 60 * 60_000;
const dayMs = 24 * hourMs;
const unitsMs: Readonly<Record<string, number>> = {
  h: hourMs,
  d: dayMs,
  w: 7 * dayMs,
  y: 365 * dayMs,
};
const longestMs = 10 * 365 * dayMs;

/**
 * Parses the value of `--expires-in`, such as `90d`. Returns the time in milliseconds since 1970; undefined without a
 * value. Throws `invalid-input`.
 */
export function expiryIn(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const [, count, unit = ''] = /^([1-9]\d{0,5})([hdwy])$/.exec(text) ?? [];
  const lifetimeMs = Number(count) * (unitsMs[unit] ?? Number.NaN);
  if (lifetimeMs <= longestMs) return now + lifetimeMs;
  throw invalidInput(
    'invalid value of --expires-in',
    'use hours, days, weeks or years, at most 10 years: 12h, 90d, 4w, 1y',
  );
}
