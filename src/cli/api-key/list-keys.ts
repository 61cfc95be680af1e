import type { ApiKeyFilter } from '../../iam/api-keys.ts';
import { lookupIn } from '../../identity/lookup.ts';
import { plain } from '../../mask.ts';
import { callerFor } from '../caller.ts';
import type { Command } from '../command.ts';
import { printLine, table } from '../output.ts';
import { filterFor, jsonOf, type KeyArgs, keyOptions, stateOf } from './keys.ts';

interface ListArgs extends KeyArgs {
  readonly account?: boolean;
  readonly json?: boolean;
}

/** The keys of users, and those of service IDs. */
const wholeAccount: readonly ApiKeyFilter[] = [
  { scope: 'account', type: 'user' },
  { scope: 'account', type: 'serviceid' },
];

/** An ID has 43 characters; the table fits into 80. */
const maxLengths = [43, 16, 17];

export const list: Command<ListArgs> = {
  options: {
    ...keyOptions,
    account: { type: 'boolean', describe: 'all keys of users and service IDs in the account' },
    json: { type: 'boolean', describe: 'print JSON' },
  },
  examples: [
    ['api-key list', 'your own keys'],
    ['api-key list --service-id ci', 'the keys of service ID ci'],
  ],
  run: async (context, args) => {
    const { listApiKeys } = await import('../../iam/api-keys.ts');
    const caller = await callerFor(lookupIn(context), args.identity);
    const filters = args.account ? wholeAccount : [await filterFor(context, caller, args)];
    const pages = await Promise.all(filters.map((each) => listApiKeys(context, caller, each)));
    const keys = pages.flat();
    if (args.json) {
      context.stdout(`${JSON.stringify({ apiKeys: keys.map(jsonOf) }, null, 2)}\n`);
    } else if (keys.length === 0) {
      printLine(context, 'no API keys');
    } else {
      const rows = keys.map((key) => [key.id, stateOf(key, context.now()), plain(key.name)]);
      context.stdout(table(context, ['ID', 'STATE', 'NAME'], rows, maxLengths));
    }
    return 0;
  },
};
