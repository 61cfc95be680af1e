import { readSettings } from '../config/read-settings.ts';
import type { Settings } from '../config/settings.ts';
import { requireTrustedFolder } from '../config/trusted-endpoint.ts';
import { updateSettings } from '../config/write.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { requireProfileId } from '../identity/profile.ts';
import { visible } from '../visible.ts';
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
  options: {},
  examples: [
    ['settings', 'every setting and what it may be'],
    ['settings ibmcloud-session on', "the ibmcloud CLI's session answers where nothing else does"],
  ],
  run: async (context, { name, value }) => {
    const chosen = name === undefined ? Object.keys(known) : [name];
    for (const each of chosen) {
      const setting = settingNamed(each);
      if (value === undefined) show(context, each, setting);
      else await change(context, each, setting, value);
    }
    return 0;
  },
};

function settingNamed(name: string): Setting {
  const setting = Object.hasOwn(known, name) ? known[name] : undefined;
  if (setting !== undefined) return setting;
  throw new HelperError('invalid-input', 'unknown setting', {
    hint: `use one of ${Object.keys(known).join(', ')}`,
  });
}

function show(context: Context, name: string, { key, values }: Setting): void {
  context.stdout(`${name}: ${visible(word(readSettings(context)[key]))} (${values})\n`);
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
  context.stdout(`${name} is ${word(changed[key])}\n`);
}

function word(value: string | boolean | undefined): string {
  if (typeof value === 'string') return value;
  return value ? 'on' : 'off';
}

function requireOn(value: string): true {
  if (value === 'on') return true;
  throw new HelperError('invalid-input', 'invalid value', { hint: 'use on or off' });
}
