import type { ProvideOptions } from '../kubernetes/provide.ts';
import { readInput } from '../protocol/input.ts';
import type { Command } from './command.ts';

export const kubelet: Command<ProvideOptions> = {
  usage: 'kubelet',
  describe: 'answer the kubelet as an image credential provider (it calls this, not you)',
  options: {
    identity: { type: 'string', describe: 'answer with this identity, whatever is mapped' },
    present: { type: 'string', describe: 'the user name to answer with: iambearer …' },
    'node-profile': {
      type: 'string',
      describe: 'answer as this trusted profile, by what the machine is',
    },
    'service-accounts': {
      type: 'boolean',
      describe: 'pods pull with their own identity; refuse a request without a token',
    },
    'trusted-profile': {
      type: 'string',
      describe: 'the profile of pods whose service account is not annotated',
    },
    audience: {
      type: 'string',
      default: 'iam',
      describe: 'what the service account tokens are for',
    },
    'allow-node-identity': {
      type: 'boolean',
      describe: "let a pod without an identity of its own pull with the node's",
    },
  },
  examples: [
    ['kubelet --present iambearer', 'as args of the provider in its configuration'],
    ['kubernetes config', 'prints that configuration'],
  ],
  run: async (context, options) => {
    const { provide } = await import('../kubernetes/provide.ts');
    const { withNodeFolders } = await import('../kubernetes/node-folders.ts');
    const text = readInput(context);
    context.stdout(await provide(withNodeFolders(context), text, options));
    return 0;
  },
};
