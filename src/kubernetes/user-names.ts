import { entitledRegistry } from '../identity/present.ts';
import type { RegistryHost } from '../registry/parse.ts';

/**
 * Returns false for user names that the host never accepts: cp.icr.io accepts only entitlement keys, which no other host
 * accepts. `<token>` is for an identity token, which only Docker's own client can use.
 */
export function acceptsUserName({ name }: RegistryHost, username: string): boolean {
  return username !== '<token>' && (username === 'cp') === (name === entitledRegistry);
}
