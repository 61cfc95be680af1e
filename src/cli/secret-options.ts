import type { IdentitySettings } from '../config/settings.ts';
import { HelperError } from '../errors.ts';
import { requireProfile, requireProfileIdOrCrn } from '../identity/profile.ts';
import { storeNames } from '../secrets/store-types.ts';
import type { Option } from './command.ts';

/** The sources of a secret. A secret is never an argument itself: other processes can read arguments. */
export interface SecretOptions {
  readonly apiKeyStdin?: boolean;
  readonly apiKeyFile?: string;
  readonly refreshTokenStdin?: boolean;
  readonly sso?: boolean;
  readonly passcode?: boolean;
  readonly trustedProfile?: string;
  readonly entitlementKeyStdin?: boolean;
  readonly registryTokenStdin?: boolean;
  readonly verify: boolean;
}

/** The heading of the options of which at most one is allowed. */
export const secretGroup = 'Secret from (choose one)';

/** The sources of a secret that both `login` and `setup` accept. */
export const secretOptions: Readonly<Record<string, Option>> = {
  'api-key-stdin': {
    type: 'boolean',
    describe: 'read the API key from standard input',
    group: secretGroup,
  },
  'api-key-file': {
    type: 'string',
    describe: 'read the API key from a file: the key alone, or the JSON of the ibmcloud CLI',
    group: secretGroup,
  },
  sso: {
    type: 'boolean',
    describe: 'sign in with a browser',
    group: secretGroup,
  },
  passcode: {
    type: 'boolean',
    describe: 'sign in with a one-time passcode from a browser, also of another machine',
    group: secretGroup,
  },
  'trusted-profile': {
    type: 'string',
    describe:
      "use this trusted profile (ID, CRN or name): with an API key, or with this instance's identity",
    group: 'Identity',
  },
};

export const storeOption: Option = {
  type: 'string',
  describe: `the credential store: ${storeNames.join(', ')}`,
  group: 'Storage',
};

/** The kind of an identity, and its trusted profile if it uses one. */
export type IdentityType = Pick<IdentitySettings, 'kind' | 'profile'>;

/**
 * Returns the kind of identity that the options select. It is determined before the secret is read, because one-time
 * passcodes and refresh tokens must not be consumed by a command that fails. If `existing` uses an API key with a trusted
 * profile, a new API key keeps the profile. Throws `invalid-input`.
 */
export function identityTypeOf(
  options: SecretOptions,
  existing: IdentitySettings | undefined,
): IdentityType {
  requireOneSource(options);
  if (isSignOn(options) || options.refreshTokenStdin) return { kind: 'refresh-token' };
  if (options.entitlementKeyStdin) return { kind: 'entitlement-key' };
  if (options.registryTokenStdin) return { kind: 'registry-token' };
  const { trustedProfile, apiKeyStdin, apiKeyFile } = options;
  if (trustedProfile === undefined) {
    const profile = existing?.kind === 'api-key' ? existing.profile : undefined;
    return { kind: 'api-key', ...(profile === undefined ? {} : { profile }) };
  }
  const hasKey = apiKeyStdin || apiKeyFile !== undefined;
  return {
    kind: hasKey ? 'api-key' : 'trusted-profile',
    // Only IAM knows the ID of a profile with this name.
    profile: (options.verify ? requireProfile : requireProfileIdOrCrn)(trustedProfile),
  };
}

/** Returns true if the user signs in with a browser. */
export function isSignOn({ sso, passcode }: Pick<SecretOptions, 'sso' | 'passcode'>): boolean {
  return sso || passcode || false;
}

const exclusive = [
  'apiKeyStdin',
  'apiKeyFile',
  'refreshTokenStdin',
  'sso',
  'passcode',
  'entitlementKeyStdin',
  'registryTokenStdin',
] as const;

function requireOneSource(options: SecretOptions): void {
  // `--sso --passcode` is the same as `--passcode`.
  const set = exclusive.filter((name) => options[name] && !(name === 'sso' && options.passcode));
  const hasProfile = options.trustedProfile !== undefined;
  // A trusted profile can only be combined with an API key.
  const conflict = set.find((name) => hasProfile && !name.startsWith('apiKey')) ?? set[1];
  if (conflict === undefined) return;
  const first = hasProfile && set[1] === undefined ? 'trustedProfile' : set[0];
  const both = `--${dashed(first ?? '')} and --${dashed(conflict)}`;
  throw new HelperError('invalid-input', `${both} cannot be used together`, {
    hint: 'use one of them',
  });
}

/** Returns the name of the option: `api-key-stdin` for `apiKeyStdin`. */
export function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
