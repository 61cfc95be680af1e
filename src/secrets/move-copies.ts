import type { Settings } from '../config/settings.ts';
import { HelperError } from '../errors.ts';
import { missingSecret, type NamedStore, needsSecret } from './every-identity.ts';
import type { Credential, SecretKey, SecretStore } from './store-types.ts';

interface Copy {
  readonly key: SecretKey;
  readonly credential: Credential;
}

/**
 * Runs pending timers, which show waiting processes that the lock is held, and throws if another process has taken over
 * the lock. Needed between any two calls of a keychain, because each call blocks the event loop.
 */
export type Step = () => Promise<void>;

/** Copies all secrets and verifies each copy. If it throws `storage`, the destination has some of them. */
export async function copyAll(
  source: NamedStore,
  destination: NamedStore,
  step: Step,
): Promise<Copy[]> {
  const copies: Copy[] = [];
  for (const key of await keysIn(source.store, step)) {
    const credential = await readListed(source, key, step);
    if (credential === undefined) continue;
    await step();
    destination.store.write(key, credential);
    await step();
    const copy = destination.store.read(key);
    if (!isSame(copy, credential)) throw notReturned(destination.name, key);
    copies.push({ key, credential });
  }
  return copies;
}

/**
 * Repeats in the destination the changes that other commands have made in the source since it was copied. Runs under the
 * change lock, right before the settings are switched to the destination.
 */
export async function catchUp(
  source: NamedStore,
  destination: NamedStore,
  copies: readonly Copy[],
  step: Step,
): Promise<Copy[]> {
  const copied = new Map(copies.map((copy) => [titleOf(copy.key), copy]));
  const latest: Copy[] = [];
  for (const key of await keysIn(source.store, step)) {
    const before = copied.get(titleOf(key));
    const credential = await readListed(source, key, step);
    if (credential === undefined) continue;
    copied.delete(titleOf(key));
    latest.push({ key, credential });
    if (isSame(credential, before?.credential)) continue;
    await step();
    destination.store.write(key, credential);
    await step();
    if (!isSame(destination.store.read(key), credential)) throw notReturned(destination.name, key);
  }
  for (const { key } of copied.values()) {
    await step();
    destination.store.erase(key);
  }
  return latest;
}

/**
 * Empties the previous store after the switch. Commands that ran without the lock may still have written to it: newer
 * secrets are copied first. A secret that an identity needs is not erased if the destination no longer has it. Takes the
 * change lock for each key.
 */
export async function settle(
  source: NamedStore,
  destination: NamedStore,
  copies: readonly Copy[],
  identities: () => Settings['identities'],
  step: Step,
  locked: (action: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const copied = new Map(copies.map(({ key, credential }) => [titleOf(key), credential]));
  const settleKey = async (key: SecretKey) => {
    const latest = await readListed(source, key, step);
    await step();
    const before = copied.get(titleOf(key));
    const moved = destination.store.read(key);
    if (latest === undefined) {
      if (isSame(moved, before)) destination.store.erase(key);
      return;
    }
    // If the destination has changed as well, its secret is the newer one.
    if (!isSame(latest, before) && isSame(moved, before)) {
      await step();
      destination.store.write(key, latest);
    } else if (moved === undefined && needsSecret(identities(), key)) {
      throw missingSecret(destination.name, key.name);
    }
    await step();
    source.store.erase(key);
  };
  const remaining = await keysIn(source.store, step);
  const titles = remaining.map(titleOf);
  const erased = copies.map(({ key }) => key).filter((key) => !titles.includes(titleOf(key)));
  for (const key of [...remaining, ...erased]) await locked(() => settleKey(key));
}

export async function keysIn(store: SecretStore, step: Step): Promise<SecretKey[]> {
  const keys: SecretKey[] = [];
  for (const of of ['identity', 'host'] as const) {
    await step();
    keys.push(...store.names(of).map((name) => ({ of, name })));
  }
  return keys;
}

/**
 * Reads a secret that was listed. Returns undefined if it was erased meanwhile. Throws `storage` if it is still listed: a
 * locked keychain may list its entries but report "not found" for each of them.
 */
async function readListed(
  { name, store }: NamedStore,
  key: SecretKey,
  step: Step,
): Promise<Credential | undefined> {
  await step();
  const credential = store.read(key);
  if (credential !== undefined) return credential;
  await step();
  if (store.names(key.of).includes(key.name)) throw missingSecret(name, key.name);
  return undefined;
}

function notReturned(target: string, { name }: SecretKey): HelperError {
  return new HelperError(
    'storage',
    `${target} does not return the secret of ${name} that was just stored in it; nothing was moved`,
  );
}

function isSame(one: Credential | undefined, other: Credential | undefined): boolean {
  return (
    one?.Secret === other?.Secret &&
    one?.Username === other?.Username &&
    one?.ServerURL === other?.ServerURL
  );
}

function titleOf({ of, name }: SecretKey): string {
  return `${of} ${name}`;
}
