import type { Context } from '../../context.ts';
import type { Caller } from '../../http/api-call.ts';
import type { ApiKeyChange } from '../../iam/api-key-changes.ts';
import type { ApiKeyDetails } from '../../iam/api-keys.ts';
import { type Lookup, lookupIn } from '../../identity/lookup.ts';
import { callerFor } from '../caller.ts';
import type { Command, Option } from '../command.ts';
import { confirm } from '../confirm.ts';
import { holdersOf } from './holders.ts';
import { findKey, type KeyArgs, keyOptions, nameOf } from './keys.ts';

interface ChangeArgs extends KeyArgs {
  readonly key: string;
  readonly yes?: boolean;
}

const yesOption: Option = { type: 'boolean', describe: 'do not ask' };

export const lock = change('lock', 'locked');
export const unlock = change('unlock', 'unlocked');
export const enable = change('enable', 'enabled');
export const disable: Command<ChangeArgs> = {
  ...change('disable', 'disabled'),
  options: { ...keyOptions, yes: yesOption },
};

export const remove: Command<ChangeArgs> = {
  options: { ...keyOptions, yes: yesOption },
  examples: [
    ['api-key delete old-laptop', 'asks first'],
    ['api-key delete ApiKey-… --yes', 'does not'],
  ],
  run: async (context, args) => {
    const { deleteApiKey } = await import('../../iam/api-key-changes.ts');
    const target = await find(context, args);
    if (!(await mayStop(target, 'delete', args))) return 1;
    const { caller, key } = target;
    const deleted = await deleteApiKey(context, caller, key.id);
    context.stdout(`${nameOf(key)} is ${deleted ? 'deleted' : 'gone already'}\n`);
    return 0;
  },
};

function change(what: ApiKeyChange, done: string): Command<ChangeArgs> {
  return {
    options: keyOptions,
    examples: [[`api-key ${what} laptop`, 'by its name, or by its ID']],
    run: async (context, args) => {
      const { changeApiKey } = await import('../../iam/api-key-changes.ts');
      const target = await find(context, args);
      if (what === 'disable' && !(await mayStop(target, what, args))) return 1;
      const { caller, key } = target;
      await changeApiKey(context, caller, key.id, what);
      context.stdout(`${nameOf(key)} is ${done}\n`);
      return 0;
    },
  };
}

interface Target {
  readonly lookup: Lookup;
  readonly caller: Caller;
  readonly key: ApiKeyDetails;
}

async function find(context: Context, args: ChangeArgs): Promise<Target> {
  const lookup = lookupIn(context);
  const caller = await callerFor(lookup, args.identity);
  return { lookup, caller, key: await findKey(context, caller, args.key, args) };
}

/** Asks, and says who signs in no more. */
async function mayStop(
  { lookup, caller, key }: Target,
  what: 'delete' | 'disable',
  { yes }: ChangeArgs,
): Promise<boolean> {
  const { context } = lookup;
  const holders = await holdersOf(lookup, caller, key.id);
  if (holders.length > 0) {
    context.warn(`${nameOf(key)} is what signs in here: identity ${holders.join(', ')}`);
  }
  return confirm(context, `${what} ${nameOf(key)}`, yes);
}
