import type { ApiKeyDetails } from '../../iam/api-keys.ts';
import { lookupIn } from '../../identity/lookup.ts';
import { plain } from '../../mask.ts';
import { callerFor } from '../caller.ts';
import type { Command } from '../command.ts';
import { expiryText } from '../expiry-notice.ts';
import { findKey, isoDate, jsonOf, type KeyArgs, keyOptions, stateOf } from './keys.ts';

interface ShowArgs extends KeyArgs {
  readonly key: string;
  readonly json?: boolean;
}

export const show: Command<ShowArgs> = {
  options: { ...keyOptions, json: { type: 'boolean', describe: 'print JSON' } },
  examples: [
    ['api-key show laptop', 'the key with that name'],
    ['api-key show ApiKey-… --json', 'JSON for scripts'],
  ],
  run: async (context, args) => {
    const caller = await callerFor(lookupIn(context), args.identity);
    const key = await findKey(context, caller, args.key, args);
    context.stdout(
      args.json ? `${JSON.stringify(jsonOf(key), null, 2)}\n` : described(key, context.now()),
    );
    return 0;
  },
};

function described(key: ApiKeyDetails, now: number): string {
  const { expiresAt } = key;
  const isExpired = expiresAt !== undefined && expiresAt <= now;
  const end = isExpired ? expiryText({ kind: 'api-key', ...key, expiresAt }, now) : undefined;
  const lines: readonly (readonly [string, string | undefined])[] = [
    ['id', key.id],
    ['name', key.name],
    ['description', key.description],
    ['state', stateOf(key, now)],
    ['owner', key.iamId],
    ['account', key.accountId],
    ['created', isoDate(key.createdAt)],
    ['created by', key.createdBy],
    ['modified', isoDate(key.modifiedAt)],
    ['expires', end ?? isoDate(expiresAt) ?? 'never'],
    ['when leaked', key.actionWhenLeaked],
    ['sessions', key.supportSessions ? 'yes' : undefined],
  ];
  return lines
    .flatMap(([name, value]) =>
      value === undefined ? [] : `${`${name}:`.padEnd(13)}${plain(value)}\n`,
    )
    .join('');
}
