/**
 * Gets one access token; arguments are the cache directory and IAM's address. Prints the token, and before it
 * `waiting` if another process has the lock.
 */
import fs from 'node:fs';
import { freshToken } from '../../src/iam/cache.ts';
import { processContext } from '../../src/process-context.ts';

const [folder = '', endpoint = ''] = process.argv.slice(2);
const context = processContext();

let looks = 0;
const { readdirSync } = fs;
Object.assign(fs, {
  // A process that reads the lock for the third time has seen its holder and waits for it.
  readdirSync: (...args: Parameters<typeof fs.readdirSync>) => {
    if (String(args[0]).endsWith('.lock') && ++looks === 3) context.stdout('waiting\n');
    return readdirSync(...args);
  },
});

try {
  const { token } = await freshToken(context, {
    folder,
    name: 'work',
    since: 1,
    mint: async (deadline) => {
      const { requestToken } = await import('../../src/iam/token-request.ts');
      // Identifies this process to the server.
      const grant = { kind: 'api-key', apiKey: String(process.pid) } as const;
      return requestToken(context, grant, { endpoint, deadline, owner: 'the key', hint: 'stop' });
    },
  });
  context.stdout(token);
} catch (error) {
  context.stdout(String(error));
  process.exitCode = 1;
}
