import { moveSecrets } from '../secrets/move.ts';
import { fileStoreName, storeTitle } from '../secrets/store.ts';
import { tryStore } from '../secrets/trial.ts';
import type { Command, CommandGroup } from './command.ts';

const move: Command<{ readonly name: string }> = {
  usage: 'move <name>',
  describe: 'move every secret to another store',
  options: {},
  examples: [
    ['store move pass', 'into pass, through docker-credential-pass'],
    ['store move file', 'back into files'],
  ],
  run: async (context, { name }) => {
    if (name !== fileStoreName) tryStore(context, name);
    const count = await moveSecrets(context, name);
    const secrets = count === 1 ? 'secret' : 'secrets';
    context.stdout(`moved ${count} ${secrets} to ${storeTitle({ store: name })}\n`);
    return 0;
  },
};

/** `store` alone is Docker's verb; with a word after it, it is this. */
export const store: CommandGroup = {
  usage: 'store',
  describe: 'say where secrets are kept: osxkeychain, wincred, secretservice, pass, file',
  commands: [move],
};
