import { kubeletOptions } from '../kubernetes/kubelet.ts';
import type { Command } from './command.ts';

/** For `kubelet --help` and the list of commands. Calls of the kubelet are machine commands. */
export const kubelet: Command<object> = {
  options: kubeletOptions,
  examples: [
    ['kubelet --present iambearer', 'arguments of the provider in the configuration'],
    ['kubernetes config', 'print that configuration'],
  ],
  run: () => 0,
};
