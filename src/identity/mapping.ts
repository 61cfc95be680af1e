import type { IdentitySettings, Mapping, Settings } from '../config/settings.ts';
import { HelperError } from '../errors.ts';
import type { RegistryHost } from '../registry/parse.ts';
import type { Lookup } from './lookup.ts';
import { presentation } from './present.ts';
import type { Found } from './source.ts';

export const everyHost = '*';

/** The mapping that names the most of where the client goes: `host/namespace`, `host`, `*`. */
export function mappingFor(settings: Settings, host: RegistryHost): Mapping | undefined {
  const { mappings } = settings;
  const { name, namespace } = host;
  return (
    (namespace === undefined ? undefined : own(mappings, `${name}/${namespace}`)) ??
    own(mappings, name) ??
    own(mappings, everyHost)
  );
}

/** The identity that the settings name for this host. */
export function fromMapping(lookup: Lookup, host: RegistryHost): Found | undefined {
  const settings = lookup.settings();
  const mapping = mappingFor(settings, host);
  if (mapping === undefined) return undefined;
  const identity = identityNamed(settings, mapping.identity, host.name);
  const present = presentation(identity, mapping);
  const { Secret } = storedRoot(lookup, mapping.identity, host.name);
  return {
    username: present,
    secret: () => Secret,
    origin: `identity ${mapping.identity}`,
    identity: mapping.identity,
  };
}

function identityNamed(settings: Settings, name: string, host: string): IdentitySettings {
  const identity = own(settings.identities, name);
  if (identity !== undefined) return identity;
  throw new HelperError(
    'misconfigured',
    `${host} is mapped to identity ${name}, which does not exist; run docker-credential-icr login --identity ${name}`,
  );
}

function storedRoot(lookup: Lookup, name: string, host: string) {
  const root = lookup.stored({ of: 'identity', name });
  if (root !== undefined) return root;
  throw new HelperError(
    'damaged',
    `the secret of identity ${name}, which answers for ${host}, is gone; run docker-credential-icr login --identity ${name}`,
  );
}

/** A host may be called `constructor`; what every object has is no setting. */
function own<Value>(table: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
