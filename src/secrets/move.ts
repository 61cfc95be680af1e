import path from 'node:path';
import { requireConfigFolder } from '../config/folders.ts';
import { readSettings } from '../config/read-settings.ts';
import type { Settings } from '../config/settings.ts';
import { updateSettings } from '../config/write.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { withLock } from '../lock.ts';
import { fileStoreName, storeIn, storeTitle } from './secret-store.ts';
import type { Credential, SecretKey, SecretStore } from './store.ts';

/** Milliseconds to wait for another move. */
const longestWait = 10_000;

interface Copy {
  readonly key: SecretKey;
  readonly credential: Credential;
}

/**
 * Moves every secret to another store: all are copied, read back and compared; then the settings name
 * the new store; only then is the old one emptied. All the while the settings say which of the two is not in use: interrupted
 * at any moment, the store in use is whole, and the next move empties the other. Returns how many were moved.
 * Throws `storage` and `misconfigured`; then the old store goes on, unless the message says otherwise.
 */
export async function moveSecrets(context: Context, target: string): Promise<number> {
  const lock = path.join(requireConfigFolder(context), 'move.lock');
  return withLock(context, lock, () => move(context, target), {
    limit: longestWait,
    otherwise: 'fail',
  });
}

async function move(context: Context, target: string): Promise<number> {
  await endLastMove(context);
  const { store: from = fileStoreName } = readSettings(context);
  if (from === target) {
    await change(context, { store: target });
    return 0;
  }
  const source = storeIn(context, { store: from });
  requireEveryIdentity(readSettings(context), source, from);
  const destination = storeIn(context, { store: target });
  await change(context, { leftovers: target });
  const copies = await copyAll(source, destination, from, target).catch(async (error) => {
    await endLastMove(context);
    throw error;
  });
  await change(context, { store: target, leftovers: from });
  await settle(source, destination, from, copies).catch((error) => {
    throw error instanceof HelperError ? notEmptied(from, target, error) : error;
  });
  await forgetLeftovers(context);
  return copies.length;
}

async function change(context: Context, changes: Partial<Settings>): Promise<void> {
  await updateSettings(context, (settings) => ({ ...settings, ...changes }));
}

async function forgetLeftovers(context: Context): Promise<void> {
  await updateSettings(context, ({ leftovers: _, ...rest }) => rest);
}

async function copyAll(
  source: SecretStore,
  destination: SecretStore,
  from: string,
  target: string,
): Promise<Copy[]> {
  const copies: Copy[] = [];
  for (const key of keysIn(source)) {
    await letOthersSeeUs();
    const credential = readListed(source, from, key);
    if (credential === undefined) continue;
    destination.write(key, credential);
    if (!isSame(destination.read(key), credential)) throw notGivenBack(target, key);
    copies.push({ key, credential });
  }
  return copies;
}

/** `undefined` where it was erased meanwhile. A locked keychain may list what it says it does not have. */
function readListed(source: SecretStore, from: string, key: SecretKey): Credential | undefined {
  const credential = source.read(key);
  if (credential === undefined && source.names(key.of).includes(key.name)) {
    throw notGiven(from, key.name);
  }
  return credential;
}

/** A keychain whose place is gone, or not there yet, lists nothing and calls that no failure. */
function requireEveryIdentity({ identities }: Settings, source: SecretStore, from: string): void {
  const there = source.names('identity');
  for (const [name, { kind }] of Object.entries(identities)) {
    if (kind === 'trusted-profile' || there.includes(name)) continue;
    throw notGiven(from, name, `, or run docker-credential-icr logout --identity ${name}`);
  }
}

function notGiven(from: string, name: string, otherwise = ''): HelperError {
  const store = storeTitle({ store: from });
  return new HelperError(
    'storage',
    `${store} does not give the secret of ${name}; unlock it and try again${otherwise}`,
  );
}

/** A keychain is called without anything running beside it; whoever waits for the lock takes silence for death. */
function letOthersSeeUs(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

function keysIn(store: SecretStore): SecretKey[] {
  return (['identity', 'host'] as const).flatMap((of) =>
    store.names(of).map((name) => ({ of, name })),
  );
}

function isSame(one: Credential | undefined, other: Credential | undefined): boolean {
  return (
    one?.Secret === other?.Secret &&
    one?.Username === other?.Username &&
    one?.ServerURL === other?.ServerURL
  );
}

function notGivenBack(target: string, { name }: SecretKey): HelperError {
  return new HelperError(
    'storage',
    `${target} gave back another secret for ${name} than it was given; nothing was moved`,
  );
}

/**
 * Empties the store that was left. Nobody waits for a move: what was stored, renewed or erased there
 * while the rest was copied is done in the new one first.
 */
async function settle(
  source: SecretStore,
  destination: SecretStore,
  from: string,
  copies: readonly Copy[],
): Promise<void> {
  const copied = new Map(copies.map(({ key, credential }) => [titleOf(key), credential]));
  const left = keysIn(source);
  for (const key of left) {
    await letOthersSeeUs();
    const latest = readListed(source, from, key);
    if (latest !== undefined && !isSame(latest, copied.get(titleOf(key)))) {
      destination.write(key, latest);
    }
    source.erase(key);
  }
  const titles = left.map(titleOf);
  for (const { key } of copies) if (!titles.includes(titleOf(key))) destination.erase(key);
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

/** Whatever a move that was cut short has left behind is in use elsewhere, or was signed out of since. */
async function endLastMove(context: Context): Promise<void> {
  const { leftovers, store = fileStoreName } = readSettings(context);
  if (leftovers === undefined) return;
  try {
    const left = storeIn(context, { store: leftovers });
    if (leftovers !== store) for (const key of keysIn(left)) left.erase(key);
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    context.warn(`${error.message}; secrets may be left there`);
  }
  await forgetLeftovers(context);
}
