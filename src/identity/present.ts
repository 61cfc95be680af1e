import type { IdentityKind, IdentitySettings, Mapping } from '../config/settings.ts';
import { HelperError } from '../errors.ts';

/** The user names that each kind of root secret can be presented as; the usual one first. */
const possible: Readonly<Record<IdentityKind, readonly string[]>> = {
  'api-key': ['iamapikey', 'iambearer', 'iamrefresh'],
  'refresh-token': ['iamrefresh', 'iambearer'],
  'entitlement-key': ['cp'],
  'registry-token': ['token'],
  'trusted-profile': ['iambearer'],
};

/** What a person may choose from: the others follow from what is kept. */
export const userNames = possible['api-key'];

type Presented = Pick<IdentitySettings, 'kind' | 'present' | 'profile'>;

/** What a client is told the user name is: the mapping's word, the identity's, the usual one. */
export function presentation(identity: Presented, mapping?: Pick<Mapping, 'present'>): string {
  return mapping?.present ?? identity.present ?? choices(identity)[0] ?? 'iamapikey';
}

/** Whether the registry takes the identity under that user name. */
export function isPresentable(identity: Presented, present: string): boolean {
  return choices(identity).includes(present);
}

/** What has to be minted for that user name; `undefined` where the root secret itself goes with it. */
export function mintedAs(
  { kind }: Pick<IdentitySettings, 'kind'>,
  present: string,
): 'access token' | 'refresh token' | undefined {
  if (present === 'iambearer') return 'access token';
  return present === 'iamrefresh' && kind !== 'refresh-token' ? 'refresh token' : undefined;
}

/** Throws `misconfigured` where the registry would never take it. */
export function requirePresentable(identity: Presented, present: string, name: string): void {
  if (isPresentable(identity, present)) return;
  const names = choices(identity);
  throw new HelperError('misconfigured', `identity ${name} cannot be presented as ${present}`, {
    hint: `use --present ${names.join(' or ')}`,
  });
}

/** The only host that takes entitlement keys. */
export const entitledRegistry = 'cp.icr.io';

/** Throws `invalid-input` for a host that never takes what the identity is. */
export function requireHostOf({ kind }: Pick<IdentitySettings, 'kind'>, key: string): void {
  const host = key.replace(/\/.*/, '');
  if (kind !== 'entitlement-key' || host === entitledRegistry) return;
  const what = key === '*' ? 'other hosts' : host;
  throw new HelperError('invalid-input', `entitlement keys cannot be used for ${what}`, {
    hint: `use ${entitledRegistry}, the only host that accepts them`,
  });
}

/** An API key that acts as a trusted profile goes under the profile's ID; alone it is another identity. */
function choices({ kind, profile }: Presented): readonly string[] {
  return kind === 'api-key' && profile !== undefined ? [profile, 'iambearer'] : possible[kind];
}
