import { randomBytes, randomUUID } from 'node:crypto';
import type { Subject, Subjects } from './subjects.ts';

export interface ApiKey {
  readonly id: string;
  /** The secret value. */
  readonly value: string;
  readonly iamId: string;
  readonly accountId: string;
  readonly createdAt: string;
  name: string;
  description: string;
  modifiedAt: string;
  /** A locked key cannot be changed or deleted, but it still works. */
  locked: boolean;
  disabled: boolean;
  /** In ISO 8601. */
  expiresAt: string | undefined;
  entityTag: string;
}

interface ApiKeyOptions {
  /** The default is 44 random characters. */
  readonly value?: string;
  readonly name?: string;
  readonly description?: string;
  /** The IAM ID of the owner. The default is a new user. */
  readonly owner?: string;
  readonly locked?: boolean;
  readonly disabled?: boolean;
  readonly expiresAt?: string;
}

export type ApiKeyChange = Partial<
  Pick<ApiKey, 'locked' | 'disabled' | 'expiresAt' | 'name' | 'description'>
>;

/** The reason why a key is rejected. */
type ApiKeyProblem = 'unknown' | 'disabled' | 'expired';

const newTag = () => `1-${randomUUID().replaceAll('-', '')}`;

export function createApiKeys(subjects: Subjects, clock: () => number) {
  const keys = new Map<string, ApiKey>();
  const now = () => new Date(clock()).toISOString();
  const find = (idOrValue: string) =>
    keys.get(idOrValue) ?? [...keys.values()].find(({ value }) => value === idOrValue);
  return {
    addApiKey(options: ApiKeyOptions = {}): ApiKey {
      const owner =
        options.owner === undefined ? subjects.addUser() : subjects.subject(options.owner);
      if (owner === undefined) throw new Error(`no such owner: ${options.owner}`);
      const key: ApiKey = {
        id: `ApiKey-${randomUUID()}`,
        value: options.value ?? randomBytes(33).toString('base64url'),
        iamId: owner.iamId,
        accountId: owner.accountId,
        createdAt: now(),
        modifiedAt: now(),
        name: options.name ?? 'key of the sandbox',
        description: options.description ?? '',
        locked: options.locked ?? false,
        disabled: options.disabled ?? false,
        expiresAt: options.expiresAt,
        entityTag: newTag(),
      };
      keys.set(key.id, key);
      return key;
    },
    /** Finds a key by its ID or its value. */
    apiKey: find,
    apiKeys: (): readonly ApiKey[] => [...keys.values()],
    /** Changes a key; `key` is an ID or a value. */
    changeApiKey({ key, ...change }: ApiKeyChange & { readonly key: string }): ApiKey {
      const found = find(key);
      if (found === undefined) throw new Error('no such API key');
      return Object.assign(found, change, { modifiedAt: now(), entityTag: newTag() });
    },
    removeApiKey({ key }: { readonly key: string }): boolean {
      return keys.delete(find(key)?.id ?? '');
    },
    /** Returns the owner of a key, or the reason why it is rejected. */
    ownerOfApiKey(value: string): Subject | ApiKeyProblem {
      const key = find(value);
      if (key === undefined || key.value !== value) return 'unknown';
      if (key.disabled) return 'disabled';
      if (key.expiresAt !== undefined && Date.parse(key.expiresAt) <= clock()) return 'expired';
      return subjects.subject(key.iamId) ?? 'unknown';
    },
  };
}
