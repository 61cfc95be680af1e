import { readSettings } from '../config/read-settings.ts';
import type { Settings } from '../config/settings.ts';
import { requireTrustedFolder } from '../config/trusted-endpoint.ts';
import { updateSettings } from '../config/write.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { requireProfileIdOrCrn } from '../identity/profile.ts';
import { visible } from '../visible.ts';
import type { Command } from './command.ts';
import { printLine } from './output.ts';

interface SettingsArgs {
  readonly name?: string;
  readonly value?: string;
}

interface Setting {
  /** The member of `config.json`, which the value `off` removes. */
  readonly key: 'ibmcloudSession' | 'computeProfile' | 'iamEndpoint' | 'accessLog';
  readonly parse: (value: string) => Partial<Settings> | Promise<Partial<Settings>>;
  readonly description: string;
  /** The values that completion offers. */
  readonly values: readonly string[];
}

export const settingsByName: Readonly<Record<string, Setting>> = {
  'ibmcloud-session': {
    key: 'ibmcloudSession',
    description: "on: use the ibmcloud CLI's session for hosts without a stored credential",
    parse: (value) => ({ ibmcloudSession: requireOn(value) }),
    values: ['on', 'off'],
  },
  'access-log': {
    key: 'accessLog',
    description:
      'on: log each credential that a client gets, without the secret; see status --history',
    parse: (value) => ({ accessLog: requireOn(value) }),
    values: ['on', 'off'],
  },
  'compute-profile': {
    key: 'computeProfile',
    description:
      'ID or CRN of the trusted profile to use with the identity of this instance or pod; off resets it',
    parse: (value) => ({ computeProfile: requireProfileIdOrCrn(value) }),
    values: ['off'],
  },
  'iam-endpoint': {
    key: 'iamEndpoint',
    description: 'address of IAM, if not the public one; off resets it',
    parse: async (value) => {
      const { parseEndpoint } = await import('../iam/endpoint.ts');
      return { iamEndpoint: parseEndpoint(value, 'the value') };
    },
    values: ['off'],
  },
};

export const settings: Command<SettingsArgs> = {
  options: {},
  values: {
    title: 'Settings',
    rows: Object.entries(settingsByName).map(([name, { description }]) => [name, description]),
  },
  examples: [
    ['settings', 'show all settings'],
    ['settings ibmcloud-session on', "use the ibmcloud CLI's session as a fallback"],
    ['settings ibmcloud-session off', 'reset a setting to its default'],
  ],
  run: async (context, { name, value }) => {
    const names = name === undefined ? Object.keys(settingsByName) : [name];
    for (const each of names) {
      const setting = settingNamed(each);
      if (value === undefined) show(context, each, setting);
      else await change(context, each, setting, value);
    }
    return 0;
  },
};

function settingNamed(name: string): Setting {
  const setting = Object.hasOwn(settingsByName, name) ? settingsByName[name] : undefined;
  if (setting !== undefined) return setting;
  throw new HelperError('invalid-input', 'unknown setting', {
    hint: `use one of ${Object.keys(settingsByName).join(', ')}`,
  });
}

function show(context: Context, name: string, { key, description }: Setting): void {
  printLine(
    context,
    `${name}: ${visible(shownValue(key, readSettings(context)[key]))} (${description})`,
  );
}

async function change(
  context: Context,
  name: string,
  { key, parse }: Setting,
  value: string,
): Promise<void> {
  const changed: Partial<Settings> = value === 'off' ? {} : await parse(value);
  if (changed.iamEndpoint !== undefined) requireTrustedFolder(context);
  await updateSettings(context, ({ [key]: _, ...rest }) => ({ ...rest, ...changed }));
  printLine(context, `${name} is ${visible(shownValue(key, changed[key]))}`);
}

function shownValue(key: Setting['key'], value: string | boolean | undefined): string {
  if (typeof value === 'string') return value;
  if (value) return 'on';
  return key === 'ibmcloudSession' || key === 'accessLog' ? 'off' : 'not set';
}

function requireOn(value: string): true {
  if (value === 'on') return true;
  throw new HelperError('invalid-input', 'invalid value', { hint: 'use on or off' });
}
