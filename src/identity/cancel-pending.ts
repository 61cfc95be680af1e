import type { Context } from '../context.ts';
import { HelperError, inOneLine, isRefused } from '../errors.ts';
import type { Caller } from '../http/api-call.ts';
import { secretOf } from '../secrets/replace-secret.ts';
import { secretStore } from '../secrets/secret-store.ts';
import { shellQuoted } from '../visible.ts';
import { accessTokenOfKey, toCaller } from './access.ts';
import { logoutCommand } from './login-command.ts';
import { lookupIn } from './lookup.ts';
import {
  erasePendingKey,
  identityOfPending,
  type PendingKey,
  readPendingKey,
  withRotateLock,
} from './pending-key.ts';

/** Logs in to IAM. Throws IAM's errors. */
type SignIn = () => Promise<Caller>;

/**
 * Deletes the API key that an interrupted command created for the identity, first in IAM, then its record. If the key is
 * stored for an identity or a host, or may have been delivered elsewhere, only the record is deleted. Authenticates with the pending key, then
 * with `callers`. Returns the ID of the deleted key. Throws IAM's errors if the key may still be active; the record then
 * stays. Must run under the rotate lock.
 */
export async function cancelPendingKey(
  context: Context,
  identity: string,
  callers: readonly SignIn[],
  assertLockHeld: () => void,
): Promise<string | undefined> {
  const pending = readPendingKey(context, identity);
  if (pending === undefined) return undefined;
  const isUsed = () => isInUse(context, pending.value);
  const mayBeUsed = () => pending.copies?.isDelivering === true || isUsed();
  if (await erasePendingKey(context, identity, pending.value, mayBeUsed)) {
    if (!isUsed()) warnOfCopies(context, pending);
    return undefined;
  }
  assertLockHeld();
  const deleted = await deleteInIam(context, identity, pending, callers);
  await erasePendingKey(context, identity, pending.value);
  return deleted;
}

function warnOfCopies({ warn }: Context, { newId, copies }: PendingKey): void {
  const key = newId === undefined ? 'the new API key' : `API key ${newId}`;
  const line = `${key} was not deleted, because a rotation has begun to deliver it`;
  warn(`${line} to ${copies?.targets.join(', ')}`, 'run docker-credential-icr api-key list');
}

/**
 * Does the same for removed identities; `removed` has their secrets, which may be able to delete the keys. Returns the IDs
 * of the deleted keys. Throws the error for the first key that may still be active, and warns of the others.
 */
export async function cancelPendingKeys(
  context: Context,
  removed: ReadonlyMap<string, string | undefined>,
): Promise<string[]> {
  const deleted: string[] = [];
  const failures: HelperError[] = [];
  for (const [identity, secret] of removed) {
    if (readPendingKey(context, identity) === undefined) continue;
    const callers = secret === undefined ? [] : [signInWith(context, identity, secret)];
    try {
      const id = await withRotateLock(context, (assertLockHeld) =>
        cancelPendingKey(context, identity, callers, assertLockHeld),
      );
      if (id !== undefined) deleted.push(id);
    } catch (error) {
      if (!(error instanceof HelperError)) throw error;
      failures.push(error);
    }
  }
  const [first, ...rest] = failures;
  for (const error of rest) context.warn(inOneLine(error));
  if (first !== undefined) throw first;
  return deleted;
}

/** Returns a function that logs in with the API key. */
function signInWith(context: Context, identity: string, apiKey: string): SignIn {
  const lookup = lookupIn(context);
  const owner = `the API key of identity ${identity}`;
  return async () =>
    toCaller(lookup, `identity ${identity}`, await accessTokenOfKey(lookup, owner, apiKey));
}

/** Returns true if the secret is stored for an identity or a host. */
export function isInUse(context: Context, value: string): boolean {
  const store = secretStore(context);
  return (['identity', 'host'] as const).some((of) =>
    store
      .names(of)
      .filter((name) => of === 'host' || identityOfPending(name) === undefined)
      .some((name) => secretOf(store, { of, name }) === value),
  );
}

/** Returns the ID of the deleted key; undefined if IAM rejects or does not know the key, which then is not active. */
async function deleteInIam(
  context: Context,
  identity: string,
  { value, newId }: PendingKey,
  callers: readonly SignIn[],
): Promise<string | undefined> {
  const { deleteApiKey } = await import('../iam/api-key-changes.ts');
  const { findApiKeyByValue } = await import('../iam/api-keys.ts');
  let id = newId;
  let refusal: HelperError | undefined;
  const attempt = async (signIn: SignIn): Promise<boolean> => {
    const caller = await signIn();
    id ??= (await findApiKeyByValue(context, caller, value))?.id;
    if (id !== undefined) await deleteApiKey(context, caller, id);
    return true;
  };
  const self = signInWith(context, identity, value);
  let isActive = true;
  const selfCaller = await self().catch((error) => {
    if (!isRefused(error)) throw stillActive(identity, id, error);
    isActive = false;
    return undefined;
  });
  const all = [...(selfCaller === undefined ? [] : [async () => selfCaller]), ...callers];
  for (const signIn of all) {
    try {
      if (await attempt(signIn)) return id;
    } catch (error) {
      if (!(error instanceof HelperError)) throw error;
      if (!isRefused(error)) throw stillActive(identity, id, error);
      refusal ??= error;
    }
  }
  if (isActive && refusal !== undefined) throw stillActive(identity, id, refusal);
  return undefined;
}

function stillActive(identity: string, id: string | undefined, error: unknown): unknown {
  if (!(error instanceof HelperError)) return error;
  const key = `the API key${id === undefined ? '' : ` ${id}`} that an interrupted command created`;
  const again = logoutCommand(identity);
  const hint =
    id === undefined
      ? `run ${again} again when IAM can be reached`
      : `run docker-credential-icr api-key delete ${shellQuoted(id)}, then ${again}`;
  const line = `${key} for identity ${identity} may still be active: ${error.message}`;
  return new HelperError(error.code, line, { hint, cause: error.cause });
}
