import { trustedEndpoint } from '../../config/trusted-endpoint.ts';
import type { Context } from '../../context.ts';
import { HelperError, isRefused } from '../../errors.ts';
import type { Caller } from '../../http/api-call.ts';
import { deleteApiKey } from '../../iam/api-key-changes.ts';
import { ownerOfApiKey } from '../../iam/owner.ts';
import { accessTokenOfKey, toCaller } from '../../identity/access.ts';
import { cancelPendingKey } from '../../identity/cancel-pending.ts';
import { loginCommand } from '../../identity/login-command.ts';
import { type Lookup, lookupIn } from '../../identity/lookup.ts';
import { identityNamed } from '../../identity/mapping.ts';
import { type PendingKey, readPendingKey } from '../../identity/pending-key.ts';
import { own } from '../../json-object.ts';
import { apiKeyVariables } from '../../secret-variables.ts';
import { secretOf } from '../../secrets/replace-secret.ts';
import { secretStore } from '../../secrets/secret-store.ts';
import { visible } from '../../visible.ts';
import { callerFor } from '../caller.ts';
import { printLine } from '../output.ts';
import { createReplacement, type Rotation } from './new-key.ts';
import { replaceKey, requireNewKey } from './replace.ts';

// The value of the new key is generated and recorded here before the request to IAM, so that a lost response does not lose
// it. The stored key of the identity is valid at every moment. A later run finds out from IAM which steps are done.

/**
 * Replaces an identity's API key, or completes an interrupted rotation. Throws IAM's errors, and `storage` if another
 * command has changed the identity or taken over the lock.
 */
export async function rotateKey(
  context: Context,
  name: string,
  as: string | undefined,
  assertLockHeld: () => void,
): Promise<void> {
  const lookup = lookupIn(context);
  const stored = await storedKey(lookup, name);
  const interrupted = readPendingKey(context, name);
  const caller = await rotationCaller(lookup, name, as, [stored, interrupted?.value]);
  const rotation = { caller, identity: name, stored, assertLockHeld };
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
  { caller, identity: name, stored, assertLockHeld }: Rotation,
  { value, oldId }: PendingKey,
): Promise<boolean> {
  const { context } = lookup;
  const settings = await lookup.settings();
  const again = `docker-credential-icr api-key rotate ${name}`;
  const owner = await ownerOfApiKey(context, value, own(settings.identities, name)?.profile, {
    hint: `run ${again} to continue; identity ${name} still uses its old key`,
    endpoint: trustedEndpoint(context, settings),
  });
  printLine(context, 'IAM accepts the new key');
  assertLockHeld();
  await replaceKey(context, { name, old: stored, value, owner });
  await requireNewKey(context, name, value);
  printLine(context, `identity ${visible(name)} uses the new key`);
  assertLockHeld();
  const oldExisted =
    oldId !== undefined && (await deleteOld(context, caller, oldId, { name, again }));
  // If a parallel login has replaced the stored key, the new key is unused and is deleted in IAM.
  await cancelPendingKey(context, name, [async () => caller], assertLockHeld);
  if (oldId !== undefined) {
    printLine(
      context,
      `the old API key ${visible(oldId)} ${oldExisted ? 'is' : 'was already'} deleted`,
    );
  }
  return oldExisted;
}

async function deleteOld(
  context: Context,
  caller: Caller,
  id: string,
  { name, again }: { readonly name: string; readonly again: string },
): Promise<boolean> {
  return deleteApiKey(context, caller, id).catch((error) => {
    if (!(error instanceof HelperError)) throw error;
    const line = `identity ${name} uses the new key, but the old one is not deleted`;
    const first = error.hint === undefined ? '' : `${error.hint}, then `;
    throw new HelperError(error.code, `${line}: ${error.message}`, {
      hint: `${first}run ${again} to continue`,
      cause: error.cause,
    });
  });
}

function warnOfVariables({ env, warn }: Context, old: string): void {
  for (const name of apiKeyVariables) {
    if (env[name]?.trim() === old) warn(`${name} still contains the old key`, `run unset ${name}`);
  }
}
