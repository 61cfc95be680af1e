import { trustedEndpoint } from '../../config/trusted-endpoint.ts';
import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import type { Caller } from '../../http/api-call.ts';
import { deleteApiKey } from '../../iam/api-key-changes.ts';
import { ownerOfApiKey } from '../../iam/owner.ts';
import { accessTokenOfKey, toCaller } from '../../identity/access.ts';
import { cancelPendingKey } from '../../identity/cancel-pending.ts';
import { loginCommand } from '../../identity/login-command.ts';
import { type Lookup, lookupIn } from '../../identity/lookup.ts';
import { identityNamed } from '../../identity/mapping.ts';
import { own } from '../../identity/mapping-key.ts';
import { type PendingKey, readPendingKey } from '../../identity/pending-key.ts';
import { ambientVariables } from '../../secret-variables.ts';
import { secretOf } from '../../secrets/replace-secret.ts';
import { secretStore } from '../../secrets/secret-store.ts';
import { visible } from '../../visible.ts';
import { callerFor } from '../caller.ts';
import { makeNewKey, type Rotated } from './new-key.ts';
import { replaceKey, requireAnswer } from './replace.ts';

// The new key's value is chosen here and kept before IAM hears of it, so that no lost answer loses it: at every moment
// what is kept for the identity signs in, and the next run learns from IAM how far this one came.

/**
 * Replaces an identity's API key, or ends what an interrupted run began. Throws what IAM says, and `storage` if another
 * command changed the identity or took over the lock.
 */
export async function rotateKey(
  context: Context,
  name: string,
  as: string | undefined,
  requireOurs: () => void,
): Promise<void> {
  const lookup = lookupIn(context);
  const stored = await storedKey(lookup, name);
  const begun = readPendingKey(context, name);
  const caller = await rotationCaller(lookup, name, as, [stored, begun?.value]);
  const rotated = { caller, identity: name, stored, requireOurs };
  try {
    if (begun?.value === stored) {
      context.stdout(`going on where the last rotation of identity ${visible(name)} stopped\n`);
      // Where the old key was gone already, that rotation had come to its end, and a new one is wanted.
      if (await putInPlace(lookup, rotated, begun)) return;
    }
    const pending = await makeNewKey(context, rotated);
    await putInPlace(lookup, rotated, pending);
  } catch (error) {
    await cancelIfChanged(context, rotated);
    throw error;
  }
  warnOfVariables(context, stored);
}

/** A key that another command has made superfluous, with a login or a logout, is deleted. */
async function cancelIfChanged(
  context: Context,
  { caller, identity, stored, requireOurs }: Rotated,
): Promise<void> {
  try {
    requireOurs();
  } catch {
    // The command that has taken over the rotation deals with its key.
    return;
  }
  const now = secretOf(secretStore(context), { of: 'identity', name: identity });
  const pending = readPendingKey(context, identity);
  if (pending === undefined || now === stored || now === pending.value) return;
  const id = await cancelPendingKey(context, identity, [async () => caller], requireOurs);
  if (id !== undefined) context.warn(`the new API key ${id} is deleted again`);
}

/** Throws `misconfigured`, `damaged`, and `invalid-input` for an identity that has no API key. */
async function storedKey(lookup: Lookup, name: string): Promise<string> {
  await identityNamed(lookup, name);
  const kind = own((await lookup.settings()).identities, name)?.kind;
  const kept = await lookup.stored({ of: 'identity', name });
  if (kind === 'api-key' && kept !== undefined) return kept.Secret;
  throw new HelperError('invalid-input', `identity ${name} has no API key: it is of kind ${kind}`);
}

/** The identity itself, by whichever of its keys IAM takes, unless another is to act. */
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
    const isRefused = error instanceof HelperError && error.code === 'refused';
    if (!isRefused || next === undefined) throw error;
    return rotationCaller(lookup, name, as, [next]);
  }
}

/** Checks the new key, keeps it in place of the old one, and deletes that. Whether there was an old one. */
async function putInPlace(
  lookup: Lookup,
  { caller, identity: name, stored, requireOurs }: Rotated,
  { value, oldId }: PendingKey,
): Promise<boolean> {
  const { context } = lookup;
  const settings = await lookup.settings();
  const again = `docker-credential-icr api-key rotate ${name}`;
  const owner = await ownerOfApiKey(context, value, own(settings.identities, name)?.profile, {
    hint: `run ${again} to continue; identity ${name} still uses its old key`,
    endpoint: trustedEndpoint(context, settings),
  });
  context.stdout('IAM takes the new key\n');
  requireOurs();
  await replaceKey(context, { name, old: stored, value, owner });
  await requireAnswer(context, name, value);
  context.stdout(`identity ${visible(name)} has the new key, and get answers with it\n`);
  requireOurs();
  const wasThere =
    oldId !== undefined && (await deleteOld(context, caller, oldId, { name, again }));
  // A login that came right now has made the new key superfluous, and nobody else knows its value.
  await cancelPendingKey(context, name, [async () => caller], requireOurs);
  if (oldId !== undefined) {
    context.stdout(`the old API key ${oldId} is ${wasThere ? 'deleted' : 'gone already'}\n`);
  }
  return wasThere;
}

async function deleteOld(
  context: Context,
  caller: Caller,
  id: string,
  { name, again }: { readonly name: string; readonly again: string },
): Promise<boolean> {
  return deleteApiKey(context, caller, id).catch((error) => {
    if (!(error instanceof HelperError)) throw error;
    const line = `identity ${name} uses its new key, but the old one is not deleted`;
    const first = error.hint === undefined ? '' : `${error.hint}, then `;
    throw new HelperError(error.code, `${line}: ${error.message}`, {
      hint: `${first}run ${again} to continue`,
      cause: error.cause,
    });
  });
}

/** They are not ours to change. */
function warnOfVariables({ env, warn }: Context, old: string): void {
  for (const name of ['DOCKER_CREDENTIAL_ICR_API_KEY', ...ambientVariables]) {
    if (env[name]?.trim() === old) warn(`${name} still contains the old key`, `run unset ${name}`);
  }
}
