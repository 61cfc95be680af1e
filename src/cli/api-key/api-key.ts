import type { CommandGroup } from '../command.ts';
import { disable, enable, lock, remove, unlock } from './change.ts';
import { create } from './create.ts';
import { list } from './list.ts';
import { rotate } from './rotate.ts';
import { show } from './show.ts';

export const apiKey: CommandGroup = {
  usage: 'api-key',
  describe: 'make, list, lock, disable, delete and rotate API keys of users and service IDs',
  commands: [create, list, show, lock, unlock, disable, enable, remove, rotate],
};
