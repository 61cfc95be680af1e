import type { Settings } from '../config/settings.ts';
import { HelperError } from '../errors.ts';
import { isNamed, type NamedStore, notGiven } from './every-identity.ts';
import type { Credential, SecretKey, SecretStore } from './store-types.ts';

export interface Copy {
  readonly key: SecretKey;
  readonly credential: Credential;
}

/**
 * Done between any two calls of a keychain, which nothing runs beside: whoever waits for the lock takes silence for
 * death. Throws where somebody has done so.
 */
export type Step = () => Promise<void>;

/** Copies everything, reads it back and compares. Throws `storage`; then some of it is in the destination. */
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
    if (!isSame(copy, credential)) throw notGivenBack(destination.name, key);
    copies.push({ key, credential });
  }
  return copies;
}

/**
 * Brings the copies up to date with what was stored, renewed or erased in the source since they were made. Runs under
 * the lock of every change, right before the settings name the destination.
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
    if (!isSame(destination.store.read(key), credential)) throw notGivenBack(destination.name, key);
  }
  for (const { key } of copied.values()) {
    await step();
    destination.store.erase(key);
  }
  return latest;
}

/**
 * Empties the store that was left, which no command writes to any more unless it could not lock. Nothing is erased whose
 * copy has gone, unless a client erased that. Each key is done under the lock of every change.
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
    const there = destination.store.read(key);
    if (latest === undefined) {
      if (isSame(there, before)) destination.store.erase(key);
      return;
    }
    // What was stored in the destination since is newer.
    if (!isSame(latest, before) && isSame(there, before)) {
      await step();
      destination.store.write(key, latest);
    } else if (there === undefined && isNamed(identities(), key)) {
      throw notGiven(destination.name, key.name);
    }
    await step();
    source.store.erase(key);
  };
  const left = await keysIn(source.store, step);
  const titles = left.map(titleOf);
  const erased = copies.map(({ key }) => key).filter((key) => !titles.includes(titleOf(key)));
  for (const key of [...left, ...erased]) await locked(() => settleKey(key));
}

export async function keysIn(store: SecretStore, step: Step): Promise<SecretKey[]> {
  const keys: SecretKey[] = [];
  for (const of of ['identity', 'host'] as const) {
    await step();
    keys.push(...store.names(of).map((name) => ({ of, name })));
  }
  return keys;
}

/** `undefined` where it was erased meanwhile. A locked keychain may list what it says it does not have. */
async function readListed(
  { name, store }: NamedStore,
  key: SecretKey,
  step: Step,
): Promise<Credential | undefined> {
  await step();
  const credential = store.read(key);
  if (credential !== undefined) return credential;
  await step();
  if (store.names(key.of).includes(key.name)) throw notGiven(name, key.name);
  return undefined;
}

function notGivenBack(target: string, { name }: SecretKey): HelperError {
  return new HelperError(
    'storage',
    `${target} gave back another secret for ${name} than it was given; nothing was moved`,
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
