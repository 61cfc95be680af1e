import type { Settings } from '../config/settings.ts';
import type { RegistryHost } from '../registry/parse.ts';

export const everyHost = '*';

/** The mapping that names the most of where the client goes: `host/namespace`, `host`, `*`. */
export function mappingKeyFor({ mappings }: Settings, host: RegistryHost): string | undefined {
  const { name, namespace } = host;
  const inner = `${name}/${namespace}`;
  if (namespace !== undefined && Object.hasOwn(mappings, inner)) return inner;
  if (Object.hasOwn(mappings, name)) return name;
  return Object.hasOwn(mappings, everyHost) ? everyHost : undefined;
}

/** A host may be called `constructor`; what every object has is no setting. */
export function own<Value>(table: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
