import type { IdentityKind, IdentitySettings } from '../config/settings.ts';
import { shellQuoted } from '../visible.ts';

/** The name of a secret in messages. */
export const secretNames: Readonly<Record<IdentityKind, string>> = {
  'api-key': 'API key',
  'refresh-token': 'refresh token',
  'entitlement-key': 'entitlement key',
  'registry-token': 'registry token',
  'trusted-profile': 'trusted profile',
};

/** Returns the command that stores a new secret of the same kind for an identity. */
export function loginCommand(
  name: string,
  { kind, profile }: Pick<IdentitySettings, 'kind' | 'profile'>,
): string {
  const options = {
    'api-key': '',
    'refresh-token': ' --sso',
    'entitlement-key': ' --entitlement-key-stdin',
    'registry-token': ' --registry-token-stdin',
    'trusted-profile': ` --trusted-profile ${shellQuoted(profile ?? '')}`,
  }[kind];
  return `docker-credential-icr login --identity ${shellQuoted(name)}${options}`;
}

/** Returns the command that replaces the API key of an identity. */
export function rotateCommand(name: string): string {
  return `docker-credential-icr api-key rotate ${shellQuoted(name)}`;
}

/** Returns the command that removes an identity, its secret and its mappings. */
export function logoutCommand(name: string): string {
  return `docker-credential-icr logout --identity ${shellQuoted(name)}`;
}
