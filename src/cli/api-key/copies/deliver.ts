import type { Context } from '../../../context.ts';
import { HelperError } from '../../../errors.ts';
import { accessTokenOfKey } from '../../../identity/access.ts';
import { hashOf } from '../../../identity/api-key-value.ts';
import type { Lookup } from '../../../identity/lookup.ts';
import { visible } from '../../../visible.ts';
import { printLine } from '../../output.ts';
import { type Contents, type Copy, type CopyCommand, isCommand } from './copy.ts';
import { findKey, replaceKey } from './key-text.ts';

/** Other programs may change a file or a Secret at the same time. */
const maxAttempts = 5;

/** The keys of a rotation. */
interface RotatedKeys {
  /** `hashOf` the old key. */
  readonly oldHash: string;
  /** The new key; undefined before it exists. */
  readonly value: string | undefined;
}

/**
 * Checks, before anything is changed, that each copy can be read and contains the old or the new key, and that each command
 * exists. Throws `HelperError`.
 */
export async function checkCopies(
  copies: readonly (Copy | CopyCommand)[],
  keys: RotatedKeys,
): Promise<void> {
  for (const copy of copies) {
    if (isCommand(copy)) copy.check();
    else requireKey(copy, keys, await copy.read());
  }
}

/**
 * Replaces the old key in each copy by the new one, and signs in with what is read back. Throws the first error after all
 * copies were tried, and warns of the others.
 */
export async function deliverCopies(
  lookup: Lookup,
  copies: readonly (Copy | CopyCommand)[],
  keys: RotatedKeys & { readonly value: string },
  assertLockHeld: () => void,
): Promise<void> {
  const failures: HelperError[] = [];
  for (const copy of copies) {
    assertLockHeld();
    try {
      if (isCommand(copy)) await runCommand(lookup.context, copy, keys.value);
      else await deliver(lookup, copy, keys);
    } catch (error) {
      if (!(error instanceof HelperError)) throw error;
      failures.push(error);
    }
  }
  const [first, ...others] = failures;
  for (const { message, hint } of others) lookup.context.warn(message, hint);
  if (first !== undefined) throw first;
}

async function runCommand(context: Context, command: CopyCommand, value: string): Promise<void> {
  await command.run(value);
  printLine(context, `delivered to ${visible(command.target)}; a command cannot be verified`);
}

async function deliver(
  lookup: Lookup,
  copy: Copy,
  keys: RotatedKeys & { readonly value: string },
): Promise<void> {
  const { context } = lookup;
  const isChanged = await replaceIn(copy, keys);
  const { texts } = await copy.read();
  const kept = keyIn(texts, hashOf(keys.value));
  if (kept === undefined || keyIn(texts, keys.oldHash) !== undefined) {
    throw new HelperError(
      'storage',
      `another program has changed ${copy.target} at the same time`,
      {
        hint: 'stop that program, for example one that restores the Secret or the file',
      },
    );
  }
  await accessTokenOfKey(lookup, `the API key in ${copy.target}`, kept);
  const state = isChanged ? 'now contains' : 'already contained';
  printLine(context, `${visible(copy.target)} ${state} the new key; IAM accepts it`);
}

/** Returns false if the copy contains the new key already. */
async function replaceIn(
  copy: Copy,
  keys: RotatedKeys & { readonly value: string },
): Promise<boolean> {
  for (let attempt = 1; ; attempt += 1) {
    const contents = await copy.read();
    requireKey(copy, keys, contents);
    const changed = changesOf(contents, keys);
    if (Object.keys(changed).length === 0) return attempt > 1;
    try {
      await contents.replace(changed);
      return true;
    } catch (error) {
      if (attempt === maxAttempts || !(await hasChanged(copy, contents))) throw error;
    }
  }
}

function changesOf(
  { texts }: Contents,
  { oldHash, value }: RotatedKeys & { readonly value: string },
): Record<string, string> {
  const entries = Object.entries(texts).map(
    ([name, text]) => [name, text, replaceKey(text, oldHash, value)] as const,
  );
  return Object.fromEntries(
    entries.flatMap(([name, text, next]) => (next === text ? [] : [[name, next]])),
  );
}

/** Returns true if another program changed the copy, or if a failed change was made nevertheless. */
async function hasChanged(copy: Copy, { texts }: Contents): Promise<boolean> {
  return JSON.stringify((await copy.read()).texts) !== JSON.stringify(texts);
}

function requireKey(copy: Copy, { oldHash, value }: RotatedKeys, { texts }: Contents): void {
  const hashes = [oldHash, ...(value === undefined ? [] : [hashOf(value)])];
  if (hashes.some((hash) => keyIn(texts, hash) !== undefined)) return;
  throw new HelperError('invalid-input', `${copy.target} does not contain the API key`, {
    hint: 'use --to only for copies of the key of this identity',
  });
}

function keyIn(texts: Contents['texts'], hash: string): string | undefined {
  return Object.values(texts)
    .map((text) => findKey(text, hash))
    .find((found) => found !== undefined);
}
