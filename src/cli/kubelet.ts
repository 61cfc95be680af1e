import { kubeletOptions } from '../kubernetes/kubelet.ts';
import type { Command } from './command.ts';

/** For `kubelet --help` and the list of commands; the kubelet's calls are answered as a machine command. */
export const kubelet: Command<object> = {
  options: kubeletOptions,
  examples: [
    ['kubelet --present iambearer', 'as args of the provider in its configuration'],
    ['kubernetes config', 'prints that configuration'],
  ],
  run: () => 0,
};
