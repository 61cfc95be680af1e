import { readSettings } from '../config/read-settings.ts';
import { requireTrustedFolder } from '../config/trusted-endpoint.ts';
import { updateSettings } from '../config/write.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { visible } from '../visible.ts';
import type { Command } from './command.ts';
import { printLine } from './output.ts';
import { type Setting, settingsByName } from './setting-table.ts';

interface SettingsArgs {
  readonly name?: string;
  readonly value?: string;
}

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

function show(context: Context, name: string, setting: Setting): void {
  const value = shownValue(setting, readSettings(context)[setting.key]);
  printLine(context, `${name}: ${visible(value)} (${setting.description})`);
}

async function change(
  context: Context,
  name: string,
  setting: Setting,
  value: string,
): Promise<void> {
  const { key, parse } = setting;
  const changed = value === 'off' ? undefined : await parse(value);
  if (key === 'iamEndpoint' && changed !== undefined) requireTrustedFolder(context);
  await updateSettings(context, ({ [key]: _, ...rest }) =>
    changed === undefined ? rest : { ...rest, [key]: changed },
  );
  printLine(context, `${name} is ${visible(shownValue(setting, changed))}`);
}

function shownValue({ values }: Setting, value: string | boolean | undefined): string {
  if (typeof value === 'string') return value;
  if (value) return 'on';
  return values.includes('on') ? 'off' : 'not set';
}
