import type { Command } from '../command.ts';
import { type RegistryArgs, reach, registryOptions } from './call.ts';

interface AddArgs extends RegistryArgs {
  readonly description?: string;
  readonly nonExpiring?: boolean;
  readonly readwrite?: boolean;
}

export const add: Command<AddArgs> = {
  options: {
    description: { type: 'string', describe: 'what it is for' },
    'non-expiring': { type: 'boolean', describe: 'it never ends; otherwise it lives 24 hours' },
    readwrite: { type: 'boolean', describe: 'it pushes as well; otherwise it pulls only' },
    ...registryOptions,
  },
  examples: [
    ['registry-token add --description build', 'a user name token pulls with it for 24 hours'],
    ['api-key create --service-id build', 'what IBM has in its place'],
  ],
  run: async (context, args) => {
    const { addRegistryToken } = await import('../../registry/registry-tokens.ts');
    const { caller, host } = await reach(context, args);
    const { id, token } = await addRegistryToken(context, caller, host, {
      description: args.description,
      permanent: args.nonExpiring ?? false,
      write: args.readwrite ?? false,
    });
    context.warn(
      `created registry token ${id} at ${host}; registry tokens are deprecated`,
      'use docker-credential-icr api-key create instead',
    );
    context.stdout(`${token}\n`);
    return 0;
  },
};
