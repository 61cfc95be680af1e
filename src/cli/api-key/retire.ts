import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import type { Caller } from '../../http/api-call.ts';
import { changeApiKey, deleteApiKey } from '../../iam/api-key-changes.ts';
import { findApiKeyById, findApiKeyByValue } from '../../iam/api-keys.ts';
import { accessTokenOfKey, toCaller } from '../../identity/access.ts';
import { rotateCommand } from '../../identity/login-command.ts';
import type { Lookup } from '../../identity/lookup.ts';
import type { PendingKey } from '../../identity/pending-key.ts';
import { visible } from '../../visible.ts';
import { printLine } from '../output.ts';
import { nameOf } from './keys.ts';
import type { Rotation } from './new-key.ts';

/**
 * Disables the old key if `--leaked` is set. Called as soon as the new key is stored, and the copies are replaced or cannot be.
 * Throws IAM's errors.
 */
export async function disableLeakedKey(
  lookup: Lookup,
  rotation: Rotation,
  { value, oldId }: PendingKey,
): Promise<void> {
  if (!rotation.options.leaked || oldId === undefined) return;
  const { context } = lookup;
  const isDisabled = await withState(rotation, 'but the old one is not disabled', async () => {
    const caller = await callerAfter(lookup, rotation, value);
    return changeApiKey(context, caller, oldId, 'disable');
  });
  if (isDisabled) printLine(context, `the old API key ${visible(oldId)} is disabled`);
}

/** Deletes the old key in IAM. Returns false if it did not exist. Throws IAM's errors. */
export async function deleteOldKey(
  lookup: Lookup,
  rotation: Rotation,
  { value, oldId }: PendingKey,
): Promise<boolean> {
  const { context } = lookup;
  if (oldId === undefined) return false;
  return withState(rotation, 'but the old one is not deleted', async () => {
    const caller = await callerAfter(lookup, rotation, value);
    if (rotation.options.unlock) await moveLock(context, caller, oldId, value);
    return deleteApiKey(context, caller, oldId);
  });
}

/** Adds to an error that the new key is in use, and the command that continues. */
export async function withState<T>(
  { identity, options }: Rotation,
  missing: string,
  action: () => Promise<T>,
): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    const line = `identity ${identity} uses the new key, ${missing}`;
    const first = error.hint === undefined ? '' : `${error.hint}, then `;
    const again = `${rotateCommand(identity)}${options.leaked ? ' --leaked' : ''}`;
    throw new HelperError(error.code, `${line}: ${error.message}`, {
      hint: `${first}run ${again} to continue`,
      cause: error.cause,
    });
  }
}

/** With `--leaked`, signs in with the new key, because IAM may reject the access tokens of a disabled key. */
async function callerAfter(
  lookup: Lookup,
  { caller, identity, options }: Rotation,
  value: string,
): Promise<Caller> {
  if (!options.leaked || options.as !== undefined) return caller;
  const accessToken = await accessTokenOfKey(lookup, 'the new API key', value);
  return toCaller(lookup, `identity ${identity}`, accessToken);
}

/** If the old key is locked, locks the new one, then unlocks the old one so that it can be deleted. */
async function moveLock(
  context: Context,
  caller: Caller,
  oldId: string,
  value: string,
): Promise<void> {
  const old = await findApiKeyById(context, caller, oldId);
  const next = await findApiKeyByValue(context, caller, value);
  if (!old?.locked || next === undefined) return;
  await changeApiKey(context, caller, next.id, 'lock');
  printLine(context, `${nameOf(next)} is locked`);
  await changeApiKey(context, caller, oldId, 'unlock');
}
