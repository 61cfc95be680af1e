import type { ApiKeyDetails } from '../../iam/api-keys.ts';
import { lookupIn } from '../../identity/lookup.ts';
import { plain } from '../../plain-text.ts';
import { callerFor } from '../caller.ts';
import type { Command } from '../command.ts';
import { findKey, isoDate, type KeyArgs, keyOptions, shownKey, stateOf } from './keys.ts';

interface ShowArgs extends KeyArgs {
  readonly key: string;
  readonly json?: boolean;
}

export const show: Command<ShowArgs> = {
  options: { ...keyOptions, json: { type: 'boolean', describe: 'as JSON' } },
  examples: [
    ['api-key show laptop', 'the key of that name'],
    ['api-key show ApiKey-… --json', 'for programs'],
  ],
  run: async (context, args) => {
    const caller = await callerFor(lookupIn(context), args.identity);
    const key = await findKey(context, caller, args.key, args);
    context.stdout(args.json ? `${JSON.stringify(shownKey(key), null, 2)}\n` : described(key));
    return 0;
  },
};

function described(key: ApiKeyDetails): string {
  const lines: readonly (readonly [string, string | undefined])[] = [
    ['id', key.id],
    ['name', key.name],
    ['description', key.description],
    ['state', stateOf(key)],
    ['owner', key.iamId],
    ['account', key.accountId],
    ['made', isoDate(key.createdAt)],
    ['made by', key.createdBy],
    ['changed', isoDate(key.modifiedAt)],
    ['ends', isoDate(key.expiresAt) ?? 'never'],
  ];
  return lines
    .flatMap(([name, value]) =>
      value === undefined ? [] : `${`${name}:`.padEnd(13)}${plain(value)}\n`,
    )
    .join('');
}
