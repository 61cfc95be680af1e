import type { IdentitySettings } from '../config/settings.ts';

/** What a person types to give an identity a new secret of the same kind. */
export function loginCommand(
  name: string,
  { kind, profile }: Pick<IdentitySettings, 'kind' | 'profile'>,
): string {
  const how = {
    'api-key': '',
    'refresh-token': ' --sso',
    'entitlement-key': ' --entitlement-key-stdin',
    'registry-token': ' --registry-token-stdin',
    'trusted-profile': ` --trusted-profile ${profile}`,
  }[kind];
  return `docker-credential-icr login --identity ${name}${how}`;
}
