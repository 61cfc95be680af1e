import { moveSecrets } from '../secrets/move.ts';
import { fileStoreName, storeTitle } from '../secrets/store-types.ts';
import { tryStore } from '../secrets/trial.ts';
import type { Command } from './command.ts';

export const move: Command<{ readonly name: string }> = {
  options: {},
  examples: [
    ['store move pass', 'to pass, with docker-credential-pass'],
    ['store move file', 'to files that only you can read (not encrypted)'],
  ],
  run: async (context, { name }) => {
    if (name !== fileStoreName) tryStore(context, name);
    const count = await moveSecrets(context, name);
    const secrets = count === 1 ? 'secret' : 'secrets';
    context.stdout(`moved ${count} ${secrets} to ${storeTitle({ store: name })}\n`);
    return 0;
  },
};
