import { ambientVariables, ownVariable } from '../secret-variables.ts';
import type { Lookup } from './lookup.ts';
import type { Found } from './source.ts';

/** Set for this program alone, so it takes precedence over everything else. */
export function fromOwnVariable(lookup: Lookup): Promise<Found> | undefined {
  return fromVariable(lookup, ownVariable);
}

/** Set for IBM's tools in general. */
export function fromAmbientVariable(lookup: Lookup): Promise<Found> | undefined {
  for (const name of ambientVariables) {
    const found = fromVariable(lookup, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function fromVariable({ context }: Lookup, name: string): Promise<Found> | undefined {
  // Scripts set a variable to blanks to unset it; an empty secret would sign in as nobody.
  const value = context.env[name]?.trim();
  return value ? keyIn(name, value) : undefined;
}

async function keyIn(name: string, value: string): Promise<Found> {
  const { apiKeyIn } = await import('./api-key-variable.ts');
  const key = apiKeyIn(name, value);
  return { username: 'iamapikey', secret: () => key, keptIn: name };
}
