import { trustedEndpoint } from '../../config/trusted-endpoint.ts';
import type { Context } from '../../context.ts';
import { HelperError, isRefused } from '../../errors.ts';
import { attempt } from '../../files/storage-error.ts';
import type { Caller } from '../../http/api-call.ts';
import { ownerOfApiKey } from '../../iam/owner.ts';
import { accessTokenOfKey, toCaller } from '../../identity/access.ts';
import { hashOf } from '../../identity/api-key-value.ts';
import { cancelPendingKey } from '../../identity/cancel-pending.ts';
import { loginCommand, rotateCommand } from '../../identity/login-command.ts';
import { type Lookup, lookupIn } from '../../identity/lookup.ts';
import { identityNamed } from '../../identity/mapping.ts';
import { type PendingKey, readPendingKey, writePendingKey } from '../../identity/pending-key.ts';
import { own } from '../../json-object.ts';
import { apiKeyVariables } from '../../secret-variables.ts';
import { secretOf } from '../../secrets/replace-secret.ts';
import { secretStore } from '../../secrets/secret-store.ts';
import { visible } from '../../visible.ts';
import { callerFor } from '../caller.ts';
import { printLine } from '../output.ts';
import type { Copy, CopyCommand } from './copies/copy.ts';
import { checkCopies, deliverCopies } from './copies/deliver.ts';
import { copyAt, resolveTarget } from './copies/targets.ts';
import { printLastUses } from './last-use.ts';
import { createReplacement, type Rotation, type RotationOptions } from './new-key.ts';
import { replaceKey, requireNewKey } from './replace.ts';
import { deleteOldKey, disableLeakedKey, withState } from './retire.ts';

// The value of the new key is generated and recorded here before the request to IAM, so that a lost response does not lose
// it. The stored key of the identity is valid at every moment. A later run finds out from IAM which steps are done.

/**
 * Replaces an identity's API key, or completes an interrupted rotation. Throws IAM's errors, and `storage` if another
 * command has changed the identity or taken over the lock.
 */
export async function rotateKey(
  context: Context,
  name: string,
  options: RotationOptions,
  assertLockHeld: () => void,
): Promise<void> {
  const lookup = lookupIn(context);
  const stored = await storedKey(lookup, name);
  const interrupted = readPendingKey(context, name);
  const copies = await copiesFor(context, stored, interrupted, options);
  const caller = await rotationCaller(lookup, name, options.as, [stored, interrupted?.value]);
  await printLastUses(context, [name]);
  const rotation = { caller, identity: name, stored, options, copies, assertLockHeld };
  try {
    if (interrupted?.value === stored) {
      printLine(context, `continuing the interrupted rotation of identity ${visible(name)}`);
      // If its old key was already deleted, that rotation was complete, and this is a new one.
      if (await installKey(lookup, rotation, interrupted)) return;
    }
    const pending = await createReplacement(context, rotation);
    await installKey(lookup, rotation, pending);
  } catch (error) {
    await cancelIfChanged(context, rotation);
    throw error;
  }
  warnOfVariables(context, stored);
}

/** Returns the copies that this rotation replaces, those of the interrupted one included, after a check of each. */
async function copiesFor(
  context: Context,
  stored: string,
  interrupted: PendingKey | undefined,
  { to = [], skip = [] }: RotationOptions,
): Promise<(Copy | CopyCommand)[]> {
  const storedHash = hashOf(stored);
  const isStale =
    interrupted?.value !== stored && (interrupted?.oldHash ?? storedHash) !== storedHash;
  const { value, oldHash = storedHash, copies } = (isStale ? undefined : interrupted) ?? {};
  const resolve = (targets: readonly string[]) =>
    Promise.all(targets.map((target) => resolveTarget(context, target)));
  const skipped = await resolve(skip);
  const targets = new Set([...(copies?.targets ?? []), ...(await resolve(to))]);
  const found = [...targets]
    .filter((target) => !skipped.includes(target))
    .map((target) => copyAt(context, target, [stored, interrupted?.value]));
  await checkCopies(found, { oldHash, value });
  return found;
}

/** Deletes the new key in IAM if a parallel login or logout has changed the identity, so that the key is unused. */
async function cancelIfChanged(
  context: Context,
  { caller, identity, stored, assertLockHeld }: Rotation,
): Promise<void> {
  try {
    assertLockHeld();
  } catch {
    // The command that has taken over the rotation cleans up.
    return;
  }
  const current = secretOf(secretStore(context), { of: 'identity', name: identity });
  const pending = readPendingKey(context, identity);
  if (pending === undefined || current === stored || current === pending.value) return;
  const id = await cancelPendingKey(context, identity, [async () => caller], assertLockHeld);
  if (id !== undefined) context.warn(`deleted the new API key ${id} again`);
}

/** Returns the stored API key. Throws `misconfigured`, `damaged`, and `invalid-input` for another kind of identity. */
async function storedKey(lookup: Lookup, name: string): Promise<string> {
  await identityNamed(lookup, name);
  const kind = own((await lookup.settings()).identities, name)?.kind;
  const credential = await lookup.stored({ of: 'identity', name });
  if (kind === 'api-key' && credential !== undefined) return credential.Secret;
  throw new HelperError(
    'invalid-input',
    `identity ${name} (kind ${kind}) does not use an API key`,
    {
      hint: 'use an identity with an API key; see docker-credential-icr status',
    },
  );
}

/** Returns identity `as` as the caller; without it, the rotated identity with the first key that IAM accepts. */
async function rotationCaller(
  lookup: Lookup,
  name: string,
  as: string | undefined,
  [key, ...others]: readonly [string, ...(string | undefined)[]],
): Promise<Caller> {
  if (as !== undefined) return callerFor(lookup, as);
  try {
    const hint = `run ${loginCommand(name, { kind: 'api-key' })}`;
    return await toCaller(
      lookup,
      `identity ${name}`,
      await accessTokenOfKey(lookup, `the API key of identity ${name}`, key, hint),
    );
  } catch (error) {
    const [next] = others;
    if (!isRefused(error) || next === undefined) throw error;
    return rotationCaller(lookup, name, as, [next]);
  }
}

/** Verifies the new key, stores it and deletes the old key in IAM. Returns false if the old key did not exist. */
async function installKey(
  lookup: Lookup,
  rotation: Rotation,
  pending: PendingKey,
): Promise<boolean> {
  const { caller, identity: name, stored, assertLockHeld } = rotation;
  const { value } = pending;
  const { context } = lookup;
  const settings = await lookup.settings();
  const owner = await ownerOfApiKey(context, value, own(settings.identities, name)?.profile, {
    hint: `run ${rotateCommand(name)} to continue; identity ${name} still uses its old key`,
    endpoint: trustedEndpoint(context, settings),
  });
  printLine(context, 'IAM accepts the new key');
  assertLockHeld();
  await replaceKey(context, { name, old: stored, value, owner });
  await requireNewKey(context, name, value);
  printLine(context, `identity ${visible(name)} uses the new key`);
  assertLockHeld();
  const failure = await attempt(() => replaceCopies(lookup, rotation, pending));
  // The copies contain a working key at every moment. One that cannot be replaced does not keep a leaked key usable.
  await disableLeakedKey(lookup, rotation, pending);
  if (failure instanceof HelperError) throw failure;
  const isDeleted = await deleteOldKey(lookup, rotation, pending);
  // If a parallel login has replaced the stored key, the new key is unused and is deleted in IAM.
  await cancelPendingKey(context, name, [async () => caller], assertLockHeld);
  if (pending.oldId !== undefined) {
    const state = isDeleted ? 'is deleted' : 'was already deleted';
    printLine(context, `the old API key ${visible(pending.oldId)} ${state}`);
  }
  return isDeleted;
}

/** Records first that copies may contain the new key, so that it is not deleted if another command changes the identity. */
async function replaceCopies(
  lookup: Lookup,
  rotation: Rotation,
  pending: PendingKey,
): Promise<void> {
  const { identity, stored, copies, assertLockHeld } = rotation;
  // Without an old key, this is the first key of the identity.
  if (copies.length === 0 || pending.oldId === undefined) return;
  const { value, oldHash = hashOf(stored) } = pending;
  const targets = copies.map(({ target }) => target);
  const delivering = { ...pending, copies: { targets, isDelivering: true } };
  await writePendingKey(lookup.context, identity, delivering, value);
  await withState(rotation, 'but not all copies contain it', () =>
    deliverCopies(lookup, copies, { oldHash, value }, assertLockHeld),
  );
}

function warnOfVariables({ env, warn }: Context, old: string): void {
  for (const name of apiKeyVariables) {
    if (env[name]?.trim() === old) warn(`${name} still contains the old key`, `run unset ${name}`);
  }
}
