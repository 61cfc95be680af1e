import path from 'node:path';
import { type ChangeLock, heldLock, withChangeLock } from '../config/change-lock.ts';
import { requireConfigFolder } from '../config/folders.ts';
import { readSettings } from '../config/read-settings.ts';
import type { Settings } from '../config/settings.ts';
import { updateSettings } from '../config/write.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { withLock } from '../files/lock.ts';
import { shellQuoted } from '../visible.ts';
import { type NamedStore, requireEveryIdentity } from './every-identity.ts';
import { eraseTemporaries } from './file-store.ts';
import { catchUp, copyAll, keysIn, type Step, settle } from './move-copies.ts';
import { requireWorkingStore, storeIn } from './secret-store.ts';
import { fileStoreName, storeTitle } from './store-types.ts';

/** How long to wait for another move. */
const lockTimeoutMs = 60_000;
/** Longer than the longest blocking operation: an erase can take nine calls of a keychain of five seconds each. */
const staleAfterMs = 50_000;

/**
 * Moves all secrets to another store and returns their number. Copies and verifies them, switches the settings to the new
 * store, then empties the old one. The setting `previousStore` always names the store that is not in use, so that an
 * interrupted move loses nothing and the next move removes the rest. Throws `storage` and `misconfigured`; the old store
 * then stays in use, unless the message says otherwise.
 */
export async function moveSecrets(context: Context, target: string): Promise<number> {
  const lock = path.join(requireConfigFolder(context), 'move.lock');
  const action = (_setNote: unknown, isHeld: () => boolean) =>
    move(context, target, heldLock(isHeld, lostLock));
  return withLock(context, lock, action, {
    timeoutMs: lockTimeoutMs,
    onTimeout: 'fail',
    staleAfterMs,
  });
}

async function move(context: Context, target: string, lock: ChangeLock): Promise<number> {
  const { step } = lock;
  await finishLastMove(context, lock);
  const { store: from = fileStoreName } = readSettings(context);
  if (from === target) {
    await changeSettings(context, lock, { store: target });
    eraseTemporaries(context);
    return 0;
  }
  const source = namedStore(context, from);
  await step();
  requireEveryIdentity(readSettings(context), source);
  await step();
  requireWorkingStore(context, { store: from });
  const destination = namedStore(context, target);
  await changeSettings(context, lock, { previousStore: target });
  const copies = await copyAll(source, destination, step).catch(async (error) => {
    await finishLastMove(context, lock);
    throw error;
  });
  let latest = copies;
  await updateSettings(context, async (settings, { assertLockHeld }) => {
    const stepUnderBoth: Step = async () => {
      await step();
      assertLockHeld();
    };
    // Another move has started meanwhile and has erased these copies.
    if (settings.previousStore !== target) throw lostLock();
    latest = await catchUp(source, destination, copies, stepUnderBoth);
    lock.assertLockHeld();
    return { ...settings, store: target, previousStore: from };
  });
  const identities = () => readSettings(context).identities;
  const locked = (action: () => Promise<void>) => withChangeLock(context, action);
  const emptySource = async () => {
    await settle(source, destination, latest, identities, step, locked);
    eraseTemporaries(context);
  };
  await emptySource().catch((error) => {
    throw error instanceof HelperError ? notEmptied(from, target, error) : error;
  });
  await unsetPreviousStore(context, lock);
  return latest.length;
}

function namedStore(context: Context, name: string): NamedStore {
  return { name, store: storeIn(context, { store: name }) };
}

/** Changes the settings, unless another move has taken over the lock. */
async function changeSettings(
  context: Context,
  { assertLockHeld }: ChangeLock,
  changes: Partial<Settings>,
): Promise<void> {
  await updateSettings(context, (settings) => {
    assertLockHeld();
    return { ...settings, ...changes };
  });
}

async function unsetPreviousStore(context: Context, { assertLockHeld }: ChangeLock): Promise<void> {
  await updateSettings(context, ({ previousStore: _, ...rest }) => {
    assertLockHeld();
    return rest;
  });
}

/** The error if this process was suspended and another move has taken over its lock. */
function lostLock(): HelperError {
  return new HelperError('storage', 'another store move has started', {
    hint: 'wait until it has finished, then run docker-credential-icr status',
  });
}

function notEmptied(
  from: string,
  target: string,
  { code, message, hint, cause }: HelperError,
): HelperError {
  const result = `secrets are stored in ${storeTitle({ store: target })}`;
  const remainder = `${storeTitle({ store: from })} is not empty: ${message}`;
  // The hint of a keychain error ends with "try again", which the command below replaces.
  const isKeychain = code === 'storage' && from !== fileStoreName;
  const fix = isKeychain ? 'unlock it if it is locked' : hint;
  const prefix = fix === undefined ? '' : `${fix}, then `;
  return new HelperError(code, `${result}, but ${remainder}`, {
    hint: `${prefix}run docker-credential-icr store move ${shellQuoted(target)} again`,
    cause,
  });
}

/**
 * Removes the copies of an interrupted move from the store that is not in use; a failure is a warning. Throws `storage` if
 * the store in use does not list all secrets of the settings: then the other store may have the only copy.
 */
async function finishLastMove(context: Context, lock: ChangeLock): Promise<void> {
  const settings = readSettings(context);
  const { previousStore, store = fileStoreName } = settings;
  if (previousStore === undefined) return;
  if (previousStore !== store) {
    await lock.step();
    requireEveryIdentity(settings, namedStore(context, store));
    await emptyOrWarn(context, previousStore, lock);
  }
  await unsetPreviousStore(context, lock);
}

async function emptyOrWarn(context: Context, store: string, lock: ChangeLock): Promise<void> {
  try {
    await empty(context, namedStore(context, store), lock.step);
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    lock.assertLockHeld();
    const title = storeTitle({ store });
    context.warn(`secrets may be left in ${title}: ${error.message}`, error.hint);
  }
}

async function empty(context: Context, { name, store }: NamedStore, step: Step): Promise<void> {
  await step();
  requireWorkingStore(context, { store: name });
  for (const key of await keysIn(store, step)) {
    await step();
    store.erase(key);
  }
}
