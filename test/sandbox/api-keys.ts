import { randomBytes, randomUUID } from 'node:crypto';
import type { LeakAction } from './api-key-fields.ts';
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
  actionWhenLeaked: LeakAction;
  /** Only keys of users can have sessions. */
  supportSessions: boolean;
  /** IAM's API shows the value again. Only keys of service IDs can be retrievable. */
  isRetrievable: boolean;
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
  readonly actionWhenLeaked?: LeakAction;
  readonly supportSessions?: boolean;
  readonly isRetrievable?: boolean;
}

export type ApiKeyChange = Partial<
  Pick<
    ApiKey,
    | 'locked'
    | 'disabled'
    | 'expiresAt'
    | 'name'
    | 'description'
    | 'actionWhenLeaked'
    | 'supportSessions'
    | 'isRetrievable'
  >
>;

/** IAM deletes a key when its expiry and its last change are both longer ago than 90 days. */
const keptAfterExpiryMs = 90 * 24 * 60 * 60_000;

/** The reason why a key is rejected. */
type ApiKeyProblem = 'unknown' | 'disabled' | 'expired';

const newTag = () => `1-${randomUUID().replaceAll('-', '')}`;

export function createApiKeys(subjects: Subjects, clock: () => number) {
  const keys = new Map<string, ApiKey>();
  const now = () => new Date(clock()).toISOString();
  const isKept = ({ expiresAt, modifiedAt }: ApiKey) =>
    Math.max(
      expiresAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(expiresAt),
      Date.parse(modifiedAt),
    ) +
      keptAfterExpiryMs >
    clock();
  const all = () => [...keys.values()].filter(isKept);
  const find = (idOrValue: string) =>
    all().find(({ id, value }) => id === idOrValue || value === idOrValue);
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
        actionWhenLeaked: options.actionWhenLeaked ?? 'none',
        supportSessions: options.supportSessions ?? false,
        isRetrievable: options.isRetrievable ?? false,
        entityTag: newTag(),
      };
      keys.set(key.id, key);
      return key;
    },
    /** Finds a key by its ID or its value. */
    apiKey: find,
    apiKeys: (): readonly ApiKey[] => all(),
    /** Changes a key; `key` is an ID or a value. */
    changeApiKey({ key, ...change }: ApiKeyChange & { readonly key: string }): ApiKey {
      const found = find(key);
      if (found === undefined) throw new Error('no such API key');
      return Object.assign(found, change, { modifiedAt: now(), entityTag: newTag() });
    },
    /** Does what IAM does with a key that is found in public: `key` is an ID or a value. */
    leakApiKey({ key }: { readonly key: string }): void {
      const found = find(key);
      if (found?.actionWhenLeaked === 'delete') keys.delete(found.id);
      if (found?.actionWhenLeaked === 'disable') found.disabled = true;
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
