import type { CommandGroup } from '../command.ts';
import { add } from './add.ts';
import { list } from './list.ts';
import { get, remove } from './one.ts';

export const registryToken: CommandGroup = {
  usage: 'registry-token',
  describe: 'make, list and remove registry tokens (deprecated: IBM refuses new ones; use api-key)',
  commands: [add, list, get, remove],
};
