import { readSettings, type Settings } from '../config/settings.ts';
import { updateSettings } from '../config/write.ts';
import { HelperError } from '../errors.ts';
import { requireProfileId } from '../identity/profile.ts';
import type { Command } from './command.ts';

interface SettingsArgs {
  readonly name?: string;
  readonly value?: string;
}

/** A setting as people name it, and what it does to `config.json`. `off` takes it out. */
interface Setting {
  readonly key: 'ibmcloudSession' | 'computeProfile' | 'iamEndpoint';
  readonly parse: (value: string) => Partial<Settings> | Promise<Partial<Settings>>;
  readonly values: string;
}

const known: Readonly<Record<string, Setting>> = {
  'ibmcloud-session': {
    key: 'ibmcloudSession',
    values: "on lets the ibmcloud CLI's session answer",
    parse: (value) => ({ ibmcloudSession: requireOn(value) }),
  },
  'compute-profile': {
    key: 'computeProfile',
    values: 'the ID of a trusted profile that this machine or pod may act as',
    parse: (value) => ({ computeProfile: requireProfileId(value) }),
  },
  'iam-endpoint': {
    key: 'iamEndpoint',
    values: 'the address of another IAM',
    parse: async (value) => {
      const { parseEndpoint } = await import('../iam/endpoint.ts');
      return { iamEndpoint: parseEndpoint(value, 'the value') };
    },
  },
};

export const settings: Command<SettingsArgs> = {
  usage: 'settings [name] [value]',
  describe: 'show the settings, or change one; the value off takes it back',
  options: {},
  examples: [
    ['settings', 'every setting and what it may be'],
    ['settings ibmcloud-session on', "the ibmcloud CLI's session answers where nothing else does"],
  ],
  run: async (context, { name, value }) => {
    if (name === undefined) {
      const current = readSettings(context);
      for (const [each, { key, values }] of Object.entries(known)) {
        context.stdout(`${each}: ${current[key] ?? 'off'} (${values})\n`);
      }
      return 0;
    }
    const setting = Object.hasOwn(known, name) ? known[name] : undefined;
    if (setting === undefined || value === undefined) throw unknown(name, setting);
    const change = value === 'off' ? {} : await setting.parse(value);
    await updateSettings(context, ({ [setting.key]: _, ...rest }) => ({ ...rest, ...change }));
    context.stdout(`${name} is ${value}\n`);
    return 0;
  },
};

function requireOn(value: string): true {
  if (value === 'on') return true;
  throw new HelperError('invalid-input', 'the value is on or off');
}

function unknown(name: string, setting: Setting | undefined): HelperError {
  return setting === undefined
    ? new HelperError('invalid-input', `there are settings ${Object.keys(known).join(', ')}`)
    : new HelperError('invalid-input', `${name} has no value; ${setting.values}`);
}
