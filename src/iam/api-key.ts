import type { JsonObject } from '../json-object.ts';
import { textOf } from '../json-object.ts';

/** What IAM keeps about an API key; never the key itself. Times are in milliseconds since 1970. */
export interface ApiKeyDetails {
  readonly id: string;
  readonly name: string;
  readonly description: string | undefined;
  /** Whose it is. */
  readonly iamId: string | undefined;
  readonly accountId: string | undefined;
  /** It signs in all the same; it cannot be changed or deleted. */
  readonly locked: boolean;
  readonly disabled: boolean;
  readonly createdAt: number | undefined;
  readonly createdBy: string | undefined;
  readonly modifiedAt: number | undefined;
  /** When the key ends, where it does. */
  readonly expiresAt: number | undefined;
}

export function readApiKey(key: JsonObject): ApiKeyDetails {
  return {
    id: textOf(key, 'id') ?? '',
    name: textOf(key, 'name') ?? '',
    description: textOf(key, 'description'),
    iamId: textOf(key, 'iam_id'),
    accountId: textOf(key, 'account_id'),
    locked: key.locked === true,
    disabled: key.disabled === true,
    createdAt: timeOf(key, 'created_at'),
    createdBy: textOf(key, 'created_by'),
    modifiedAt: timeOf(key, 'modified_at'),
    expiresAt: timeOf(key, 'expires_at'),
  };
}

/** IAM writes `2020-06-02T10:37+0000`. */
function timeOf(key: JsonObject, name: string): number | undefined {
  const time = Date.parse(textOf(key, name) ?? '');
  return Number.isNaN(time) ? undefined : time;
}

/** A time as IAM writes it, to the minute. */
export function iamDate(time: number): string {
  return `${new Date(time).toISOString().slice(0, 16)}+0000`;
}
