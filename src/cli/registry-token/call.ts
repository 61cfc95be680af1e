import type { Context } from '../../context.ts';
import type { Caller } from '../../http/api-call.ts';
import { lookupIn } from '../../identity/lookup.ts';
import { callerFor } from '../caller.ts';
import type { Option } from '../command.ts';
import { requireIbmHost } from '../host-arguments.ts';

/** What every command about registry tokens takes. */
export interface RegistryArgs {
  readonly host: string;
  readonly identity?: string;
}

export const registryOptions: Readonly<Record<string, Option>> = {
  host: { type: 'string', default: 'icr.io', describe: 'the registry to ask' },
  identity: {
    type: 'string',
    alias: 'as',
    describe: 'act as this identity; otherwise as the one that answers for the host',
  },
};

export async function reach(
  context: Context,
  { host: typed, identity }: RegistryArgs,
): Promise<{ readonly caller: Caller; readonly host: string }> {
  const { name: host } = requireIbmHost(typed);
  return { caller: await callerFor(lookupIn(context), identity, host), host };
}
