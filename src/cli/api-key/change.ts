import { type Context, debug } from '../../context.ts';
import { HelperError, invalidInput } from '../../errors.ts';
import type { Caller } from '../../http/api-call.ts';
import type { ApiKeyChange } from '../../iam/api-key-changes.ts';
import type { ApiKeyDetails } from '../../iam/api-keys.ts';
import { loginCommand, logoutCommand } from '../../identity/login-command.ts';
import { type Lookup, lookupIn } from '../../identity/lookup.ts';
import { callerFor } from '../caller.ts';
import type { Command, Option } from '../command.ts';
import { printLine } from '../output.ts';
import { confirm } from '../prompt.ts';
import { findKey, type KeyArgs, keyOptions, nameOf } from './keys.ts';
import { printLastUses } from './last-use.ts';

interface ChangeArgs extends KeyArgs {
  readonly key: string;
  readonly yes?: boolean;
}

const yesOption: Option = { type: 'boolean', describe: 'do not ask for confirmation' };

export const lock = changeCommand('lock', 'locked');
export const unlock = changeCommand('unlock', 'unlocked');
export const enable = changeCommand('enable', 'enabled');
export const disable: Command<ChangeArgs> = {
  ...changeCommand('disable', 'disabled'),
  options: { ...keyOptions, yes: yesOption },
};

export const remove: Command<ChangeArgs> = {
  options: { ...keyOptions, yes: yesOption },
  examples: [
    ['api-key delete old-laptop', 'the key with that name'],
    ['api-key delete ApiKey-… --yes', 'in scripts'],
  ],
  run: async (context, args) => {
    const { deleteApiKey } = await import('../../iam/api-key-changes.ts');
    const target = await findTarget(context, args);
    const identities = await confirmStop(target, 'delete', args);
    if (identities === undefined) return 1;
    const { caller, key } = target;
    const existed = await deleteApiKey(context, caller, key.id);
    printLine(context, `${nameOf(key)} ${existed ? 'is' : 'was already'} deleted`);
    for (const name of identities) {
      const login = loginCommand(name, { kind: 'api-key' });
      const hint = `run ${login}, or ${logoutCommand(name)} to remove the identity`;
      context.warn(`identity ${name} has no valid API key`, hint);
    }
    return 0;
  },
};

function changeCommand(change: ApiKeyChange, newState: string): Command<ChangeArgs> {
  return {
    options: keyOptions,
    examples: [[`api-key ${change} laptop`, 'the key with that name; an ID is accepted as well']],
    run: async (context, args) => {
      const { changeApiKey } = await import('../../iam/api-key-changes.ts');
      const target = await findTarget(context, args);
      if (change === 'disable' && (await confirmStop(target, change, args)) === undefined) return 1;
      const { caller, key } = target;
      const exists = await changeApiKey(context, caller, key.id, change);
      if (!exists) throw invalidInput(`${nameOf(key)} was deleted`, 'use another key');
      printLine(context, `${nameOf(key)} is ${newState}`);
      return 0;
    },
  };
}

interface Target {
  readonly lookup: Lookup;
  readonly caller: Caller;
  readonly key: ApiKeyDetails;
}

async function findTarget(context: Context, args: ChangeArgs): Promise<Target> {
  const lookup = lookupIn(context);
  const caller = await callerFor(lookup, args.identity);
  return { lookup, caller, key: await findKey(context, caller, args.key, args) };
}

/**
 * Asks for confirmation, after a warning if identities on this machine use the key. Returns these identities, or undefined
 * if the user declined.
 */
async function confirmStop(
  { lookup, caller, key }: Target,
  action: 'delete' | 'disable',
  { yes }: ChangeArgs,
): Promise<readonly string[] | undefined> {
  const { context } = lookup;
  const identities = await identitiesUsing(lookup, caller, key.id);
  if (identities.length > 0) {
    context.warn(`${nameOf(key)} is used on this machine by ${listOf(identities)}`);
    await printLastUses(context, identities);
  }
  return (await confirm(context, `${action} ${nameOf(key)}`, yes)) ? identities : undefined;
}

function listOf(identities: readonly string[]): string {
  return `${identities.length === 1 ? 'identity' : 'identities'} ${identities.join(', ')}`;
}

/** Returns the identities on this machine that use the key. Those whose key the caller may not look up are missing. */
async function identitiesUsing(lookup: Lookup, caller: Caller, keyId: string): Promise<string[]> {
  const { identities } = await lookup.settings();
  const names = Object.keys(identities).filter((name) => identities[name]?.kind === 'api-key');
  const ids = await Promise.all(names.map((name) => keyIdOf(lookup, caller, name)));
  return names.filter((_, index) => ids[index] === keyId);
}

async function keyIdOf(
  { context, stored }: Lookup,
  caller: Caller,
  identity: string,
): Promise<string | undefined> {
  const { findApiKeyByValue } = await import('../../iam/api-keys.ts');
  try {
    const credential = await stored({ of: 'identity', name: identity });
    return credential && (await findApiKeyByValue(context, caller, credential.Secret))?.id;
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    debug(context, error.message);
    return undefined;
  }
}
