import { readSettings } from '../../config/read-settings.ts';
import type { Settings } from '../../config/settings.ts';
import { trustedEndpoint } from '../../config/trusted-endpoint.ts';
import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import type { MadeApiKey } from '../../iam/api-key-changes.ts';
import type { Owner } from '../../iam/owner.ts';
import { refuseOtherCase, requireIdentityName, saveIdentity } from '../../identity/identities.ts';
import { rotateCommand } from '../../identity/login-command.ts';
import { everyHost, type Lookup } from '../../identity/lookup.ts';
import { removeIdentities } from '../../identity/removal.ts';
import { shellQuoted } from '../../visible.ts';
import { chooseStore, recordStore } from '../login-store.ts';
import { printLine } from '../output.ts';

/** An identity to add, and the mapping keys for which it will be used. */
type NewIdentity = readonly [identity: string, keys: readonly string[]];

interface SavePlan {
  readonly newIdentities: readonly NewIdentity[];
  /** The credential store to record in the settings; undefined if one is in use. */
  readonly store: string | undefined;
}

/**
 * Plans the identities for a new key. As with `login`, the identity of a host has the name of the host. Throws
 * `invalid-input` if an identity exists already: replacing it would lose its key.
 */
export function planSave(
  context: Context,
  identity: string | undefined,
  keys: readonly string[],
  keyName: string,
): SavePlan {
  const settings = readSettings(context);
  const newIdentities = newIdentitiesFor(settings, identity, keys, keyName);
  for (const [name] of newIdentities) {
    requireIdentityName(name);
    refuseOtherCase(settings, name);
    if (!Object.hasOwn(settings.identities, name)) continue;
    throw new HelperError('invalid-input', `identity ${name} already exists`, {
      hint: `use another name with --identity, or run ${rotateCommand(name)}`,
    });
  }
  return { newIdentities, store: chooseStore(context, settings, undefined) };
}

function newIdentitiesFor(
  { mappings }: Settings,
  identity: string | undefined,
  keys: readonly string[],
  keyName: string,
): readonly NewIdentity[] {
  if (keys.length > 0) {
    return identity === undefined ? keys.map((key) => [key, [key]]) : [[identity, keys]];
  }
  return [[identity ?? keyName, Object.hasOwn(mappings, everyHost) ? [] : [everyHost]]];
}

/**
 * Saves a new key. It is stored before IAM is asked for details of it, so that a failed request cannot lose it. Throws
 * `storage`; then nothing is saved.
 */
export async function saveNewKey(
  lookup: Lookup,
  { value, details }: MadeApiKey,
  { newIdentities, store }: SavePlan,
): Promise<void> {
  const { context } = lookup;
  const { accountId: account, expiresAt } = details;
  const settings = {
    kind: 'api-key',
    secretSetAt: context.now(),
    ...(account === undefined ? {} : { account }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  } as const;
  const names = newIdentities.map(([name]) => name);
  try {
    if (store !== undefined) await recordStore(context, store);
    for (const [name, keys] of newIdentities) {
      const replaces = { secret: undefined };
      await saveIdentity(context, { name, settings, secret: value, replaces }, keys);
    }
    const lines = newIdentities.flatMap(([name, keys]) => report(name, keys));
    for (const line of lines) printLine(context, line);
    const withOwner = { ...settings, ...(await ownerOf(lookup, value)) };
    const replaces = { secret: value };
    for (const name of names) {
      await saveIdentity(context, { name, settings: withOwner, secret: value, replaces }, []);
    }
  } catch (error) {
    await removeIdentities(context, names, value);
    throw error;
  }
}

/** Returns the owner for `status`. Only warns if IAM does not accept the new key yet: that can take a minute. */
async function ownerOf({ context, settings }: Lookup, value: string): Promise<Owner> {
  const { ownerOfApiKey } = await import('../../iam/owner.ts');
  const hint = 'run docker-credential-icr token --refresh in a minute';
  const verification = { hint, endpoint: trustedEndpoint(context, await settings()) };
  try {
    return await ownerOfApiKey(context, value, undefined, verification);
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    context.warn(`the new key is saved, but not verified: ${error.message}`, error.hint);
    return {};
  }
}

function report(name: string, keys: readonly string[]): string[] {
  if (keys.length === 0) {
    const next = `next: docker-credential-icr map HOST ${shellQuoted(name)}`;
    return [`API key saved as identity ${name}; not used for any host yet`, next];
  }
  const hosts = keys.includes(everyHost) ? 'all ICR hosts' : keys.join(', ');
  return [`API key saved as identity ${name}; used for ${hosts}`];
}
