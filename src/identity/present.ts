import type { IdentityKind, IdentitySettings, Settings } from '../config/settings.ts';
import { HelperError } from '../errors.ts';
import { own } from '../json-object.ts';
import type { RegistryHost } from '../registry/parse.ts';
import { shownName } from '../visible.ts';

/** The user names under which the registry accepts each kind of identity; the default first. */
const possible: Readonly<Record<IdentityKind, readonly string[]>> = {
  'api-key': ['iamapikey', 'iambearer', 'iamrefresh'],
  'refresh-token': ['iamrefresh', 'iambearer'],
  'entitlement-key': ['cp'],
  'registry-token': ['token'],
  'trusted-profile': ['iambearer'],
};

/** The values of `--present`; the other user names follow from the kind of identity. */
export const userNames = possible['api-key'];

/** A mapping's choice of the user name. */
export interface Presentation {
  readonly present?: string | undefined;
}

type Presented = Pick<IdentitySettings, 'kind' | 'present' | 'profile'>;

/** Returns the user name for clients: from the mapping, else from the identity, else the default. */
export function presentation(identity: Presented, mapping?: Presentation): string {
  return mapping?.present ?? identity.present ?? choices(identity)[0] ?? 'iamapikey';
}

/** Returns true if the registry accepts the identity with that user name. */
export function isPresentable(identity: Presented, present: string): boolean {
  return choices(identity).includes(present);
}

/** Returns the kind of token to request for that user name; undefined if the stored secret itself is presented. */
export function mintedAs(
  { kind }: Pick<IdentitySettings, 'kind'>,
  present: string,
): 'access token' | 'refresh token' | undefined {
  if (present === 'iambearer') return 'access token';
  return present === 'iamrefresh' && kind !== 'refresh-token' ? 'refresh token' : undefined;
}

/** Throws `misconfigured` if the registry does not accept the identity with that user name. */
export function requirePresentable(identity: Presented, present: string, name: string): void {
  if (isPresentable(identity, present)) return;
  const names = choices(identity);
  throw new HelperError(
    'misconfigured',
    `identity ${name} cannot be presented as ${shownName(present)}`,
    {
      hint: `use --present ${names.join(' or ')}`,
    },
  );
}

/** Throws `invalid-input` for a minimum lifetime if clients do not get an access token. */
export function requireAccessToken(identity: Presented, username: string, name: string): void {
  if (mintedAs(identity, username) === 'access token') return;
  const hint = 'add --present iambearer';
  throw new HelperError(
    'invalid-input',
    `--min-lifetime is for access tokens, but identity ${name} is presented as ${username}`,
    isPresentable(identity, 'iambearer') ? { hint } : {},
  );
}

/** The only host that accepts entitlement keys. */
export const entitledRegistry = 'cp.icr.io';

/** Throws `invalid-input` if the identity is an entitlement key and the host does not accept those. */
export function requireHostOf({ kind }: Pick<IdentitySettings, 'kind'>, key: string): void {
  const host = key.replace(/\/.*/, '');
  if (kind !== 'entitlement-key' || host === entitledRegistry) return;
  const target = key === '*' ? 'other hosts' : host;
  throw new HelperError('invalid-input', `entitlement keys cannot be used for ${target}`, {
    hint: `use ${entitledRegistry}, the only host that accepts them`,
  });
}

/** Returns the hosts that accept the identity: for an entitlement key only one. */
export function acceptingHosts(
  identities: Settings['identities'],
  name: string,
  hosts: readonly string[],
): readonly string[] {
  const kind = own(identities, name)?.kind;
  return kind === 'entitlement-key' ? [entitledRegistry] : hosts;
}

/** For an API key that acts as a trusted profile, the user name is the profile's ID. */
function choices({ kind, profile }: Presented): readonly string[] {
  return kind === 'api-key' && profile !== undefined ? [profile, 'iambearer'] : possible[kind];
}

/** Docker's user name for an identity token, which a registry may issue at `docker login`. */
const identityTokenUser = '<token>';

export function isIdentityToken(username: string): boolean {
  return username === identityTokenUser;
}

/**
 * Returns false for user names that the host never accepts: cp.icr.io accepts only entitlement keys, which no other host
 * accepts. Only Docker's own client can use an identity token.
 */
export function acceptsUserName({ name }: RegistryHost, username: string): boolean {
  return !isIdentityToken(username) && (username === 'cp') === (name === entitledRegistry);
}
