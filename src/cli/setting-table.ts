import type { Settings } from '../config/settings.ts';
import { HelperError } from '../errors.ts';
import { requireProfileIdOrCrn } from '../identity/profile.ts';

type Key = 'ibmcloudSession' | 'computeProfile' | 'iamEndpoint' | 'accessLog';

/** A setting that `settings NAME VALUE` changes. */
export interface Setting {
  /** The member of `config.json`, which the value `off` removes. */
  readonly key: Key;
  /** Throws `invalid-input`. */
  readonly parse: (value: string) => string | true | Promise<string>;
  readonly description: string;
  /** The values that completion offers. */
  readonly values: readonly string[];
  /** Returns the name of the credential source that the setting enables, for messages. */
  readonly source?: (value: string | true) => string;
}

export const settingsByName: Readonly<Record<string, Setting>> = {
  'ibmcloud-session': {
    key: 'ibmcloudSession',
    description: "on: use the ibmcloud CLI's session for hosts without a stored credential",
    parse: requireOn,
    values: ['on', 'off'],
    source: () => "the ibmcloud CLI's session",
  },
  'access-log': {
    key: 'accessLog',
    description:
      'on: log each credential that a client gets, without the secret; see status --history',
    parse: requireOn,
    values: ['on', 'off'],
  },
  'compute-profile': {
    key: 'computeProfile',
    description:
      'ID or CRN of the trusted profile to use with the identity of this instance or pod; off resets it',
    parse: requireProfileIdOrCrn,
    values: ['off'],
    source: (profile) => `trusted profile ${profile}`,
  },
  'iam-endpoint': {
    key: 'iamEndpoint',
    description: 'address of IAM, if not the public one; off resets it',
    parse: async (value) => {
      const { parseEndpoint } = await import('../iam/endpoint.ts');
      return parseEndpoint(value, 'the value');
    },
    values: ['off'],
  },
};

function requireOn(value: string): true {
  if (value === 'on') return true;
  throw new HelperError('invalid-input', 'invalid value', { hint: 'use on or off' });
}

/** A credential source that a setting enables. */
interface OptionalSource {
  /** The name of the setting. */
  readonly setting: string;
  readonly key: Key;
  /** The value of the setting; false if it is off. */
  readonly value: string | boolean;
  /** The name of the source, for messages. */
  readonly title: string;
}

export function optionalSources(settings: Settings): OptionalSource[] {
  return Object.entries(settingsByName).flatMap(([setting, { key, source }]) => {
    const value = settings[key] ?? false;
    if (source === undefined) return [];
    return [{ setting, key, value, title: value === false ? setting : source(value) }];
  });
}
