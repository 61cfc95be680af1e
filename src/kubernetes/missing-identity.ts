import { configFolder } from '../config/folders.ts';
import type { Lookup } from '../identity/lookup.ts';
import { entitledRegistry } from '../identity/present.ts';
import { hostKey } from '../registry/match.ts';
import type { RegistryHost } from '../registry/parse.ts';

/**
 * Says on standard error why the response for an ICR image is empty. It is not a failure: public images need no
 * credential, and the pod may have a pull Secret.
 */
export async function warnOfMissingIdentity(
  { context, isSignedOut }: Lookup,
  host: RegistryHost,
): Promise<void> {
  const { name } = host;
  const isEntitled = name === entitledRegistry;
  const folder = configFolder(context) ?? '/etc/docker-credential-icr';
  const run = `run sudo env DOCKER_CREDENTIAL_ICR_CONFIG_DIR=${folder} docker-credential-icr login`;
  if (await isSignedOut(hostKey(host))) {
    return context.warn(`${name} is signed out on this node`, `${run} ${name}`);
  }
  const what = isEntitled ? 'no entitlement key' : 'no identity';
  const how = isEntitled ? `--entitlement-key-stdin ${name}` : '--identity node';
  context.warn(`${what} is configured on this node for ${name}`, `${run} ${how}`);
}
