import type { CommandGroup } from './command.ts';
import { config } from './kubernetes-config.ts';
import { daemonset } from './kubernetes-daemonset.ts';
import { secret } from './kubernetes-secret.ts';

export const kubernetes: CommandGroup = {
  usage: 'kubernetes',
  describe: "print what makes a cluster pull from IBM's registry",
  commands: [config, secret, daemonset],
};
