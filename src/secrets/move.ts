import path from 'node:path';
import { withChangeLock } from '../config/change-lock.ts';
import { requireConfigFolder } from '../config/folders.ts';
import { readSettings } from '../config/read-settings.ts';
import type { Settings } from '../config/settings.ts';
import { updateSettings } from '../config/write.ts';
import type { Context } from '../context.ts';
import { HelperError, inOneLine } from '../errors.ts';
import { withLock } from '../files/lock.ts';
import { type NamedStore, requireEveryIdentity } from './every-identity.ts';
import { eraseTemporaries } from './file-store.ts';
import { catchUp, copyAll, keysIn, type Step, settle } from './move-copies.ts';
import { requireWorkingStore, storeIn } from './secret-store.ts';
import { fileStoreName, storeTitle } from './store-types.ts';

/** Milliseconds to wait for another move. */
const longestWait = 60_000;
/** Milliseconds. To erase what a keychain says it does not have takes up to nine calls, with five seconds each. */
const longestSilence = 50_000;

/**
 * Moves every secret to another store: all are copied, read back and compared; then the settings name
 * the new store; only then is the old one emptied. All the while the settings say which of the two is not in use:
 * interrupted at any moment, the store in use is whole, and the next move empties the other. Returns how many were
 * moved. Throws `storage` and `misconfigured`; then the old store goes on, unless the message says otherwise.
 */
export async function moveSecrets(context: Context, target: string): Promise<number> {
  const lock = path.join(requireConfigFolder(context), 'move.lock');
  const action = (_leave: unknown, isOurs: () => boolean) => {
    const requireOurs = () => {
      if (!isOurs()) throw overtaken();
    };
    return move(context, target, requireOurs);
  };
  return withLock(context, lock, action, {
    limit: longestWait,
    otherwise: 'fail',
    silence: longestSilence,
  });
}

async function move(context: Context, target: string, requireOurs: () => void): Promise<number> {
  const step: Step = async () => {
    await new Promise((resolve) => setTimeout(resolve, 0));
    requireOurs();
  };
  await endLastMove(context, step);
  const { store: from = fileStoreName } = readSettings(context);
  if (from === target) {
    await change(context, { store: target });
    eraseTemporaries(context);
    return 0;
  }
  const source = named(context, from);
  await step();
  requireEveryIdentity(readSettings(context), source);
  await step();
  requireWorkingStore(context, { store: from });
  const destination = named(context, target);
  await step();
  await change(context, { previousStore: target }, requireOurs);
  const copies = await copyAll(source, destination, step).catch(async (error) => {
    await endLastMove(context, step);
    throw error;
  });
  let latest = copies;
  await updateSettings(context, async (settings, lock) => {
    const stepUnderBoth: Step = async () => {
      await step();
      lock.requireOurs();
    };
    // What another move has begun meanwhile has taken our copies away.
    if (settings.previousStore !== target) throw overtaken();
    latest = await catchUp(source, destination, copies, stepUnderBoth);
    requireOurs();
    return { ...settings, store: target, previousStore: from };
  });
  const identities = () => readSettings(context).identities;
  const locked = (action: () => Promise<void>) => withChangeLock(context, action);
  await settle(source, destination, latest, identities, step, locked).catch((error) => {
    throw error instanceof HelperError ? notEmptied(from, target, error) : error;
  });
  eraseTemporaries(context);
  await step();
  await forgetPreviousStore(context);
  return latest.length;
}

function named(context: Context, name: string): NamedStore {
  return { name, store: storeIn(context, { store: name }) };
}

/** `check` throws where the settings are not what they have to be. */
async function change(
  context: Context,
  changes: Partial<Settings>,
  check: (settings: Settings) => void = () => {},
): Promise<void> {
  await updateSettings(context, (settings) => {
    check(settings);
    return { ...settings, ...changes };
  });
}

async function forgetPreviousStore(context: Context): Promise<void> {
  await updateSettings(context, ({ previousStore: _, ...rest }) => rest);
}

/** This process was stopped for so long that another move took it for lost. */
function overtaken(): HelperError {
  return new HelperError('storage', 'another store move has started', {
    hint: 'wait for it to end, then run docker-credential-icr status',
  });
}

function notEmptied(
  from: string,
  target: string,
  { code, message, hint, cause }: HelperError,
): HelperError {
  const now = `secrets are stored in ${storeTitle({ store: target })}`;
  const left = `${storeTitle({ store: from })} is not empty: ${message}`;
  // A keychain's own hint ends with "try again", which is the command that follows.
  const isKeychain = code === 'storage' && from !== fileStoreName;
  const before = isKeychain ? 'unlock it if it is locked' : hint;
  const first = before === undefined ? '' : `${before}, then `;
  return new HelperError(code, `${now}, but ${left}`, {
    hint: `${first}run docker-credential-icr store move ${target} again`,
    cause,
  });
}

/**
 * Whatever a move that was cut short has left behind is in use elsewhere, or was signed out of since. Throws
 * `storage` where the store in use does not have what the settings name: then it may be the only one.
 */
async function endLastMove(context: Context, step: Step): Promise<void> {
  const settings = readSettings(context);
  const { previousStore, store = fileStoreName } = settings;
  if (previousStore === undefined) return;
  await step();
  if (previousStore !== store) requireEveryIdentity(settings, named(context, store));
  try {
    if (previousStore !== store) await empty(context, named(context, previousStore), step);
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    await step();
    context.warn(`${inOneLine(error)}; secrets may be left there`);
  }
  await forgetPreviousStore(context);
}

async function empty(context: Context, { name, store }: NamedStore, step: Step): Promise<void> {
  requireWorkingStore(context, { store: name });
  for (const key of await keysIn(store, step)) {
    await step();
    store.erase(key);
  }
}
