import type { IdentitySettings } from '../config/settings.ts';
import {
  mintedAs,
  presentation,
  requireAccessToken,
  requirePresentable,
} from '../identity/present.ts';
import { parseMinLifetime } from './min-lifetime.ts';

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
