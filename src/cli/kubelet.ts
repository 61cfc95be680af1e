import { HelperError } from '../errors.ts';
import type { ProvideOptions } from '../kubernetes/provide.ts';
import { readInput } from '../protocol/input.ts';
import type { Command } from './command.ts';

export const kubelet: Command<ProvideOptions> = {
  usage: 'kubelet',
  describe: 'answer the kubelet as an image credential provider (it calls this, not you)',
  options: {
    identity: { type: 'string', describe: 'answer with this identity, whatever is mapped' },
    present: { type: 'string', describe: 'the user name to answer with' },
    'trusted-profile': {
      type: 'string',
      describe: 'the profile of pods whose service account is not annotated',
    },
    audience: {
      type: 'string',
      default: 'iam',
      describe: 'the audience of the service account tokens',
    },
    'allow-node-identity': {
      type: 'boolean',
      describe: "let a pod without a trusted profile pull with the node's identity",
    },
  },
  examples: [['kubelet --present iambearer', 'as args of the provider in its configuration']],
  run: async (context, options) => {
    if (options.present !== undefined && options.identity === undefined) {
      throw new HelperError('invalid-input', '--present goes with --identity');
    }
    const { provide } = await import('../kubernetes/provide.ts');
    context.stdout(await provide(context, readInput(context), options));
    return 0;
  },
};
