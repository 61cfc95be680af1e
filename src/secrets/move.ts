import type { Settings } from '../config/settings.ts';
import { updateSettings } from '../config/write.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { fileStoreName, storeIn } from './secret-store.ts';
import type { SecretKey, SecretStore } from './store.ts';

/**
 * Moves every secret to another store: all are copied, read back and compared; then the settings name
 * the new store; only then is the old one emptied. Interrupted before that, the old one is still in
 * use and whole; after it, running it again empties what is left. Returns how many were moved.
 */
export async function moveSecrets(context: Context, target: string): Promise<number> {
  let from: string = fileStoreName;
  let moved: SecretKey[] = [];
  await updateSettings(context, (current) => {
    from = current.store ?? fileStoreName;
    moved = from === target ? [] : copyAll(context, current, target);
    return { ...current, store: target };
  });
  if (from !== target) eraseAll(storeIn(context, { store: from }), moved);
  else if (target !== fileStoreName) eraseLeftovers(context, target);
  return moved.length;
}

function copyAll(context: Context, settings: Settings, target: string): SecretKey[] {
  const source = storeIn(context, settings);
  const destination = storeIn(context, { store: target });
  const keys = keysIn(source);
  for (const key of keys) copy(source, destination, key, target);
  return keys;
}

function keysIn(store: SecretStore): SecretKey[] {
  return (['identity', 'host'] as const).flatMap((of) =>
    store.names(of).map((name) => ({ of, name })),
  );
}

function copy(source: SecretStore, destination: SecretStore, key: SecretKey, target: string): void {
  const credential = source.read(key);
  if (credential === undefined) return;
  destination.write(key, credential);
  const kept = destination.read(key);
  if (kept?.Secret === credential.Secret && kept.Username === credential.Username) return;
  throw new HelperError(
    'storage',
    `${target} gave back another secret for ${key.name} than it was given; nothing was moved`,
  );
}

function eraseAll(store: SecretStore, keys: readonly SecretKey[]): void {
  for (const key of keys) store.erase(key);
}

/** What a move that was cut short left in files, where the new store has the same. */
function eraseLeftovers(context: Context, target: string): void {
  const files = storeIn(context, { store: fileStoreName });
  const store = storeIn(context, { store: target });
  eraseAll(
    files,
    keysIn(files).filter((key) => store.read(key)?.Secret === files.read(key)?.Secret),
  );
}
