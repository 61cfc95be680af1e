import { ambientVariables, ownVariable } from '../secret-variables.ts';
import type { Found, Lookup } from './lookup.ts';

/** Returns the API key in `DOCKER_CREDENTIAL_ICR_API_KEY`, which takes precedence over all other sources. */
export function fromOwnVariable(lookup: Lookup): Promise<Found> | undefined {
  return fromVariable(lookup, ownVariable);
}

/** Returns the API key in a variable of IBM's tools. */
export function fromAmbientVariable(lookup: Lookup): Promise<Found> | undefined {
  for (const name of ambientVariables) {
    const found = fromVariable(lookup, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function fromVariable({ context }: Lookup, name: string): Promise<Found> | undefined {
  // Scripts clear a variable by setting it to an empty string or blanks.
  const value = context.env[name]?.trim();
  return value ? keyIn(name, value) : undefined;
}

async function keyIn(name: string, value: string): Promise<Found> {
  const { apiKeyIn } = await import('./api-key-variable.ts');
  const key = apiKeyIn(name, value);
  return { username: 'iamapikey', secret: () => key, location: name, variable: name };
}
