import type { IdentitySettings } from '../config/settings.ts';
import { HelperError } from '../errors.ts';
import {
  mintedAs,
  presentation,
  requireAccessToken,
  requirePresentable,
} from '../identity/present.ts';
import type { Option } from './command.ts';

interface PresentationOptions {
  readonly present?: string | undefined;
  readonly minLifetime?: string | undefined;
}

type IdentityType = Pick<IdentitySettings, 'kind' | 'profile'>;

/**
 * Returns the settings that define what clients get from an identity: the options of `login`, else those of the existing
 * identity of the same kind. Throws `misconfigured` and `invalid-input` for options that the kind does not support.
 */
export function presentedIdentity(
  type: IdentityType,
  existing: IdentitySettings | undefined,
  { present, minLifetime }: PresentationOptions,
  name: string,
): IdentityType & Pick<IdentitySettings, 'present' | 'minLifetimeMs'> {
  const inherited = existing?.kind === type.kind ? existing : undefined;
  const userName = present ?? inherited?.present;
  const presented = { ...type, ...(userName === undefined ? {} : { present: userName }) };
  const shown = presentation(presented);
  requirePresentable(presented, shown, name);
  const given = minLifetime === undefined ? undefined : parseMinLifetime(minLifetime);
  if (given) requireAccessToken(presented, shown, name);
  const isToken = mintedAs(presented, shown) === 'access token';
  const minLifetimeMs = given ?? (isToken ? inherited?.minLifetimeMs : undefined);
  return { ...presented, ...(minLifetimeMs ? { minLifetimeMs } : {}) };
}

/**
 * The lifetime of IAM's access tokens, unless an account has a shorter one. Source:
 * https://cloud.ibm.com/docs/iam?topic=iam-iamtoken_from_apikey
 */
const tokenMinutes = 60;
const maxMs = (tokenMinutes - 1) * 60_000;
const unitsMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };

export const minLifetimeOption: Option = {
  type: 'string',
  describe: 'renew an access token that expires sooner than this before clients get it: 30m, off',
};

/** Parses the value of `--min-lifetime` to milliseconds, 0 for `off`. Throws `invalid-input`. */
export function parseMinLifetime(text: string): number {
  if (text === 'off') return 0;
  const [, count, unit = ''] = /^(\d{1,6})([smh])$/.exec(text) ?? [];
  const milliseconds = Number(count) * (unitsMs[unit] ?? 0);
  if (count === undefined || milliseconds === 0) {
    throw new HelperError('invalid-input', 'invalid value of --min-lifetime', {
      hint: 'use minutes, such as 30m, or off',
    });
  }
  if (milliseconds <= maxMs) return milliseconds;
  throw new HelperError(
    'invalid-input',
    `--min-lifetime ${text} cannot be met: IAM access tokens expire after ${tokenMinutes} minutes`,
    { hint: 'use at most 59m' },
  );
}
