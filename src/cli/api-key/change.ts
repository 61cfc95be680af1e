import type { Context } from '../../context.ts';
import type { Caller } from '../../iam/api-call.ts';
import type { ApiKeyDetails } from '../../iam/api-key.ts';
import type { ApiKeyChange } from '../../iam/api-key-changes.ts';
import { lookupIn } from '../../identity/lookup.ts';
import { callerFor } from '../caller.ts';
import type { Command, Option } from '../command.ts';
import { confirm } from '../confirm.ts';
import { findKey, type KeyArgs, keyOptions, nameOf } from './keys.ts';

interface ChangeArgs extends KeyArgs {
  readonly key: string;
  readonly yes?: boolean;
}

const yesOption: Option = { type: 'boolean', describe: 'do not ask' };

export const lock = change('lock', 'protect an API key from being changed or deleted', 'locked');
export const unlock = change('unlock', 'take the protection back', 'unlocked');
export const enable = change('enable', 'let a disabled API key sign in again', 'enabled');
export const disable: Command<ChangeArgs> = {
  ...change('disable', 'let an API key sign in no more, until it is enabled', 'disabled'),
  options: { ...keyOptions, yes: yesOption },
};

export const remove: Command<ChangeArgs> = {
  usage: 'delete <key>',
  describe: 'delete an API key, by its ID or its name; there is no way back',
  options: { ...keyOptions, yes: yesOption },
  examples: [
    ['api-key delete old-laptop', 'asks first'],
    ['api-key delete ApiKey-… --yes', 'does not'],
  ],
  run: async (context, args) => {
    const { deleteApiKey } = await import('../../iam/api-key-changes.ts');
    const { caller, key } = await found(context, args);
    if (!(await confirm(context, `delete ${nameOf(key)}`, args.yes))) return 1;
    const deleted = await deleteApiKey(context, caller, key.id);
    context.stdout(`${nameOf(key)} is ${deleted ? 'deleted' : 'gone already'}\n`);
    return 0;
  },
};

function change(what: ApiKeyChange, describe: string, done: string): Command<ChangeArgs> {
  return {
    usage: `${what} <key>`,
    describe,
    options: keyOptions,
    examples: [[`api-key ${what} laptop`, 'by its name, or by its ID']],
    run: async (context, args) => {
      const { changeApiKey } = await import('../../iam/api-key-changes.ts');
      const { caller, key } = await found(context, args);
      const asks = what === 'disable';
      if (asks && !(await confirm(context, `disable ${nameOf(key)}`, args.yes))) return 1;
      await changeApiKey(context, caller, key.id, what);
      context.stdout(`${nameOf(key)} is ${done}\n`);
      return 0;
    },
  };
}

async function found(
  context: Context,
  args: ChangeArgs,
): Promise<{ readonly caller: Caller; readonly key: ApiKeyDetails }> {
  const caller = await callerFor(lookupIn(context), args.identity);
  return { caller, key: await findKey(context, caller, args.key, args) };
}
