import { readSettings } from '../../config/read-settings.ts';
import type { Settings } from '../../config/settings.ts';
import { trustedEndpoint } from '../../config/trusted-endpoint.ts';
import type { Context } from '../../context.ts';
import { HelperError, inOneLine } from '../../errors.ts';
import type { MadeApiKey } from '../../iam/api-key-changes.ts';
import type { Owner } from '../../iam/owner.ts';
import { forgetIdentities } from '../../identity/forget.ts';
import { refuseOtherCase, requireIdentityName, saveIdentity } from '../../identity/identities.ts';
import type { Lookup } from '../../identity/lookup.ts';
import { everyHost } from '../../identity/mapping-key.ts';
import { chooseStore, recordStore } from '../login-store.ts';

/** A new identity, and the mapping keys it is to answer for. */
type Place = readonly [identity: string, keys: readonly string[]];

export interface SavePlan {
  readonly places: readonly Place[];
  /** The secret store to begin with, where none is in use yet. */
  readonly store: string | undefined;
}

/**
 * Which identities a new key becomes: as with `login`, a host's is named like the host. None that exists is
 * replaced, since that would lose its key. Throws `invalid-input`.
 */
export function planSave(
  context: Context,
  identity: string | undefined,
  keys: readonly string[],
  keyName: string,
): SavePlan {
  const settings = readSettings(context);
  const places = placesOf(settings, identity, keys, keyName);
  for (const [name] of places) {
    requireIdentityName(name);
    refuseOtherCase(settings, name);
    if (!Object.hasOwn(settings.identities, name)) continue;
    throw new HelperError('invalid-input', `identity ${name} exists`, {
      hint: `use another name with --identity, or run docker-credential-icr api-key rotate ${name}`,
    });
  }
  return { places, store: chooseStore(context, settings, undefined) };
}

function placesOf(
  { mappings }: Settings,
  identity: string | undefined,
  keys: readonly string[],
  keyName: string,
): readonly Place[] {
  if (keys.length > 0) {
    return identity === undefined ? keys.map((key) => [key, [key]]) : [[identity, keys]];
  }
  return [[identity ?? keyName, Object.hasOwn(mappings, everyHost) ? [] : [everyHost]]];
}

/** Keeps it first, and asks IAM about it then: nothing may lose it. Throws `storage`; then none of it is kept. */
export async function saveNewKey(
  lookup: Lookup,
  { value, details }: MadeApiKey,
  { places, store }: SavePlan,
): Promise<void> {
  const { context } = lookup;
  const { accountId: account, expiresAt } = details;
  const settings = {
    kind: 'api-key',
    secretSetAt: context.now(),
    ...(account === undefined ? {} : { account }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  } as const;
  const names = places.map(([name]) => name);
  try {
    if (store !== undefined) await recordStore(context, store);
    for (const [name, keys] of places) {
      const replaces = { secret: undefined };
      await saveIdentity(context, { name, settings, secret: value, replaces }, keys);
    }
    for (const [name, keys] of places) context.stdout(`${report(name, keys)}\n`);
    const known = { ...settings, ...(await ownerOf(lookup, value)) };
    const replaces = { secret: value };
    for (const name of names) {
      await saveIdentity(context, { name, settings: known, secret: value, replaces }, []);
    }
  } catch (error) {
    await forgetIdentities(context, names, value);
    throw error;
  }
}

/** For people only: what IAM does not say yet is no reason to take a kept key away. */
async function ownerOf({ context, settings }: Lookup, value: string): Promise<Owner> {
  const { ownerOfApiKey } = await import('../../iam/owner.ts');
  const hint = 'try docker-credential-icr token --refresh in a minute';
  const question = { hint, endpoint: trustedEndpoint(context, await settings()) };
  try {
    return await ownerOfApiKey(context, value, undefined, question);
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    context.warn(`the new key is kept, but not tried: ${inOneLine(error)}`);
    return {};
  }
}

function report(name: string, keys: readonly string[]): string {
  if (keys.length === 0) {
    return `identity ${name} has it; docker-credential-icr map HOST ${name} lets it answer for a host`;
  }
  return `identity ${name} has it, and answers for ${keys.includes(everyHost) ? 'every IBM host' : keys.join(', ')}`;
}
