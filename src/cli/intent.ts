import type { IdentitySettings } from '../config/settings.ts';
import { HelperError } from '../errors.ts';
import { requireProfileId } from '../identity/profile.ts';

/** Where a person says the secret is. None is ever an argument: those are seen by every process. */
export interface SecretOptions {
  readonly apiKeyStdin?: boolean;
  readonly apiKeyFile?: string;
  readonly refreshTokenStdin?: boolean;
  readonly sso?: boolean;
  readonly trustedProfile?: string;
  readonly entitlementKeyStdin?: boolean;
  readonly registryTokenStdin?: boolean;
  readonly verify: boolean;
}

/** What is going to be kept. */
export type Intent = Pick<IdentitySettings, 'kind' | 'profile'>;

/**
 * What the options say, known before a secret is asked for: some are good once, and are not to be used up for nothing.
 * A new key for an identity that acts as a trusted profile goes on acting as that profile only. Throws `invalid-input`.
 */
export function intentOf(options: SecretOptions, before: IdentitySettings | undefined): Intent {
  requireOneSource(options);
  if (options.sso || options.refreshTokenStdin) return { kind: 'refresh-token' };
  if (options.entitlementKeyStdin) return { kind: 'entitlement-key' };
  if (options.registryTokenStdin) return { kind: 'registry-token' };
  const { trustedProfile, apiKeyStdin, apiKeyFile } = options;
  if (trustedProfile === undefined) {
    const profile = before?.kind === 'api-key' ? before.profile : undefined;
    return { kind: 'api-key', ...(profile === undefined ? {} : { profile }) };
  }
  const hasKey = apiKeyStdin || apiKeyFile !== undefined;
  return {
    kind: hasKey ? 'api-key' : 'trusted-profile',
    profile: requireProfileId(trustedProfile),
  };
}

const exclusive = [
  'apiKeyStdin',
  'apiKeyFile',
  'refreshTokenStdin',
  'sso',
  'entitlementKeyStdin',
  'registryTokenStdin',
] as const;

function requireOneSource(options: SecretOptions): void {
  const given = exclusive.filter((name) => options[name]);
  const isProfileAlone = options.trustedProfile !== undefined;
  const clash = given.find((name) => isProfileAlone && !name.startsWith('apiKey')) ?? given[1];
  if (clash === undefined) return;
  const first = isProfileAlone && given[1] === undefined ? 'trustedProfile' : given[0];
  const both = `--${dashed(first ?? '')} and --${dashed(clash)}`;
  throw new HelperError('invalid-input', `${both} cannot be used together`, {
    hint: 'use one of them',
  });
}

function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
