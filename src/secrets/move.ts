import { readSettings } from '../config/settings.ts';
import { updateSettings } from '../config/write.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { fileStoreName, storeIn, storeTitle } from './secret-store.ts';
import type { Credential, SecretKey, SecretStore } from './store.ts';

interface Copy {
  readonly key: SecretKey;
  readonly credential: Credential;
}

/**
 * Moves every secret to another store: all are copied, read back and compared; then the settings name
 * the new store, and the old one as one to be emptied; only then is that done. Interrupted at any moment, the
 * store that the settings name is whole, and running it again ends it. Returns how many were moved.
 * Throws `storage` and `misconfigured`; then the old store goes on, unless the message says otherwise.
 */
export async function moveSecrets(context: Context, target: string): Promise<number> {
  await endLastMove(context);
  let from: string = fileStoreName;
  let copies: readonly Copy[] = [];
  await updateSettings(context, (current) => {
    from = current.store ?? fileStoreName;
    if (from === target) return { ...current, store: target };
    copies = copyAll(storeIn(context, current), storeIn(context, { store: target }), target);
    return { ...current, store: target, emptying: from };
  });
  if (from === target) return 0;
  try {
    settle(storeIn(context, { store: from }), storeIn(context, { store: target }), copies);
  } catch (error) {
    throw error instanceof HelperError ? notEmptied(from, target, error) : error;
  }
  await forgetEmptying(context, from);
  return copies.length;
}

function copyAll(source: SecretStore, destination: SecretStore, target: string): readonly Copy[] {
  return keysIn(source).flatMap((key) => {
    const credential = source.read(key);
    if (credential === undefined) return [];
    copy(destination, { key, credential }, target);
    return [{ key, credential }];
  });
}

function keysIn(store: SecretStore): SecretKey[] {
  return (['identity', 'host'] as const).flatMap((of) =>
    store.names(of).map((name) => ({ of, name })),
  );
}

function copy(destination: SecretStore, { key, credential }: Copy, target: string): void {
  destination.write(key, credential);
  if (isSame(destination.read(key), credential)) return;
  throw new HelperError(
    'storage',
    `${target} gave back another secret for ${key.name} than it was given; nothing was moved`,
  );
}

function isSame(one: Credential | undefined, other: Credential | undefined): boolean {
  return (
    one?.Secret === other?.Secret &&
    one?.Username === other?.Username &&
    one?.ServerURL === other?.ServerURL
  );
}

/**
 * Empties the store that was left. Clients do not wait for a move: what they stored, renewed or erased
 * there while the rest was copied is done in the new one first.
 */
function settle(source: SecretStore, destination: SecretStore, copies: readonly Copy[]): void {
  const copied = new Map(copies.map(({ key, credential }) => [titleOf(key), credential]));
  for (const key of keysIn(source)) {
    const latest = source.read(key);
    const isNews = latest !== undefined && !isSame(latest, copied.get(titleOf(key)));
    if (isNews) destination.write(key, latest);
    copied.delete(titleOf(key));
    source.erase(key);
  }
  for (const { key } of copies) if (copied.has(titleOf(key))) destination.erase(key);
}

function titleOf({ of, name }: SecretKey): string {
  return `${of} ${name}`;
}

function notEmptied(
  from: string,
  target: string,
  { code, message, cause }: HelperError,
): HelperError {
  const now = `secrets are kept in ${storeTitle({ store: target })} now`;
  const again = `run docker-credential-icr store move ${target} again`;
  const left = `but ${storeTitle({ store: from })} is not empty: ${message}`;
  return new HelperError(code, `${now}, ${left}; ${again}`, cause);
}

/** All that a move which was cut short has left behind is in use elsewhere, or was signed out of since. */
async function endLastMove(context: Context): Promise<void> {
  const { emptying, store = fileStoreName } = readSettings(context);
  if (emptying === undefined) return;
  if (emptying !== store) {
    try {
      const left = storeIn(context, { store: emptying });
      for (const key of keysIn(left)) left.erase(key);
    } catch (error) {
      if (!(error instanceof HelperError)) throw error;
      context.warn(`${error.message}; what was left there stays`);
    }
  }
  await forgetEmptying(context, emptying);
}

async function forgetEmptying(context: Context, name: string): Promise<void> {
  await updateSettings(context, (current) => {
    const { emptying, ...rest } = current;
    return emptying === name ? rest : current;
  });
}
