import { visible } from '../../visible.ts';
import type { Command } from '../command.ts';
import { confirm } from '../prompt.ts';
import { type RegistryArgs, reach, registryOptions } from './call.ts';

interface OneArgs extends RegistryArgs {
  readonly id: string;
  readonly yes?: boolean;
}

export const get: Command<OneArgs> = {
  options: registryOptions,
  examples: [
    [
      'registry-token get ID | docker login -u token --password-stdin icr.io',
      'where registry tokens still sign in',
    ],
  ],
  run: async (context, args) => {
    const { getRegistryToken } = await import('../../registry/registry-tokens.ts');
    const { caller, host } = await reach(context, args);
    context.stdout(`${await getRegistryToken(context, caller, host, args.id)}\n`);
    return 0;
  },
};

export const remove: Command<OneArgs> = {
  options: { ...registryOptions, yes: { type: 'boolean', describe: 'do not ask' } },
  examples: [['registry-token rm ID --yes', 'without --yes it asks first']],
  run: async (context, args) => {
    const { removeRegistryToken } = await import('../../registry/registry-tokens.ts');
    const { caller, host } = await reach(context, args);
    const name = `registry token ${args.id} at ${host}`;
    if (!(await confirm(context, `remove ${name}`, args.yes))) return 1;
    await removeRegistryToken(context, caller, host, args.id);
    context.stdout(`removed ${visible(name)}\n`);
    return 0;
  },
};
