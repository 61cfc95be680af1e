import { readOwnSettings } from '../config/read-settings.ts';
import { moveSecrets } from '../secrets/move.ts';
import { fileStoreName, storeTitle } from '../secrets/store-types.ts';
import { probeStore } from '../secrets/verified-store.ts';
import type { Command } from './command.ts';
import { printLine } from './output.ts';

export const move: Command<{ readonly name: string }> = {
  options: {},
  examples: [
    ['store move pass', 'to pass, with docker-credential-pass'],
    ['store move file', 'to files that only you can read (not encrypted)'],
  ],
  run: async (context, { name }) => {
    readOwnSettings(context);
    if (name !== fileStoreName) probeStore(context, name);
    const count = await moveSecrets(context, name);
    const secrets = count === 1 ? 'secret' : 'secrets';
    printLine(context, `moved ${count} ${secrets} to ${storeTitle({ store: name })}`);
    return 0;
  },
};
