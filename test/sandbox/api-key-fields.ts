/** What IAM does with a key that is found in public, such as in a repository on GitHub. */
export type LeakAction = 'none' | 'disable' | 'delete';

/** The fields of an API key in a request body. */
interface ApiKeyFields {
  readonly name: string;
  readonly description?: string;
  readonly value?: string;
  readonly expiresAt?: string;
  readonly actionWhenLeaked?: LeakAction;
  readonly supportSessions?: boolean;
  readonly isRetrievable?: boolean;
}

const leakActions: readonly unknown[] = ['none', 'disable', 'delete'];

/** Returns undefined if the name is missing, or if another field is invalid. */
export function readApiKeyFields(
  body: Record<string, unknown> | undefined,
): ApiKeyFields | undefined {
  const { name, description, apikey, expires_at: expiresAt, ...rest } = body ?? {};
  const { action_when_leaked: action, support_sessions: sessions, store_value: stored } = rest;
  if (typeof name !== 'string' || name === '') return undefined;
  if (expiresAt !== undefined && Number.isNaN(Date.parse(String(expiresAt)))) return undefined;
  if (action !== undefined && !leakActions.includes(action)) return undefined;
  if (sessions !== undefined && typeof sessions !== 'boolean') return undefined;
  if (stored !== undefined && typeof stored !== 'boolean') return undefined;
  return {
    name,
    ...(typeof description === 'string' && { description }),
    ...(typeof apikey === 'string' && { value: apikey }),
    ...(expiresAt !== undefined && { expiresAt: new Date(String(expiresAt)).toISOString() }),
    ...(action !== undefined && { actionWhenLeaked: action as LeakAction }),
    ...(sessions !== undefined && { supportSessions: sessions }),
    ...(stored !== undefined && { isRetrievable: stored }),
  };
}
