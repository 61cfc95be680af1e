import type { Settings } from '../config/settings.ts';
import type { RegistryHost } from '../registry/parse.ts';

export const everyHost = '*';

/** Returns the most specific key with a mapping: `host/namespace`, then `host`, then `*`; undefined if none of them exists. */
export function mappingKeyFor({ mappings }: Settings, host: RegistryHost): string | undefined {
  const { name, namespace } = host;
  const specific = `${name}/${namespace}`;
  if (namespace !== undefined && Object.hasOwn(mappings, specific)) return specific;
  if (Object.hasOwn(mappings, name)) return name;
  return Object.hasOwn(mappings, everyHost) ? everyHost : undefined;
}

/** Returns the mapping keys that use the identity. */
export function keysOfIdentity({ mappings }: Settings, name: string): string[] {
  return Object.keys(mappings).filter((key) => mappings[key]?.identity === name);
}
