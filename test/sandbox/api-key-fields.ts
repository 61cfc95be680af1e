/** The fields of an API key in a request body. */
interface ApiKeyFields {
  readonly name: string;
  readonly description?: string;
  readonly value?: string;
  readonly expiresAt?: string;
}

/** Returns undefined if the name is missing or the date is invalid. */
export function readApiKeyFields(
  body: Record<string, unknown> | undefined,
): ApiKeyFields | undefined {
  const { name, description, apikey, expires_at: expiresAt } = body ?? {};
  if (typeof name !== 'string' || name === '') return undefined;
  if (expiresAt !== undefined && Number.isNaN(Date.parse(String(expiresAt)))) return undefined;
  return {
    name,
    ...(typeof description === 'string' && { description }),
    ...(typeof apikey === 'string' && { value: apikey }),
    ...(expiresAt !== undefined && { expiresAt: new Date(String(expiresAt)).toISOString() }),
  };
}
