import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import { HelperError, systemCode } from '../errors.ts';
import { actAsOwner } from '../files/act-as-owner.ts';
import { makePrivateFolder } from '../files/own-directories.ts';
import { isSameFile } from '../files/regular-file.ts';
import { timeBeside } from '../files/server-time.ts';
import type { EditPlan } from './client.ts';
import { readText } from './read-file.ts';
import { cannotChange, giveTo, keepOwnerAndMode, realFile, writeInPlace } from './write-target.ts';

interface Applied {
  readonly changed: boolean;
  /** The path of the backup of the previous content. */
  readonly backup?: string;
}

/** Another process changed the file first: a retry with a new plan may succeed. */
class ConflictError extends HelperError {}

/** A write takes a few milliseconds: an older temporary file is stale, because its process was killed. */
const staleAfterMs = 1500;

/**
 * Applies a plan atomically: writes a temporary file in the same directory, syncs and renames it. A file that is a mount
 * point is overwritten instead. Follows symlinks and preserves mode and owner. A new file has mode 0600, a new directory
 * 0700. Root changes another user's file with the rights of that user. The previous content is stored as
 * `NAME.icr-backup`, see `backUp`. Throws `storage` and leaves the file unchanged, also if another program has changed the
 * file since the plan was made.
 */
export function applyPlan(context: Context, plan: EditPlan): Applied {
  if (plan.after === plan.before) return { changed: false };
  try {
    return actAsOwner(context, plan.file, () => {
      const target = realFile(plan.file);
      makePrivateFolder(path.dirname(target));
      return replaceFile(plan, target);
    });
  } catch (error) {
    throw error instanceof HelperError ? error : cannotChange(plan.file, error);
  }
}

const maxAttempts = 40;
const retryDelayMs = 50;

/**
 * Makes a plan and applies it. If other processes change the file at the same time, retries both for up to two seconds,
 * so that no change is lost. Throws the errors of `makePlan` and `applyPlan`.
 */
export function planAndApply(
  context: Context,
  makePlan: () => EditPlan,
): Applied & { plan: EditPlan } {
  for (let attempt = 1; ; attempt += 1) {
    const plan = makePlan();
    try {
      return { plan, ...applyPlan(context, plan) };
    } catch (error) {
      if (!(error instanceof ConflictError) || attempt === maxAttempts) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryDelayMs);
    }
  }
}

function replaceFile(plan: EditPlan, target: string): Applied {
  const temporary = `${target}.icr-new`;
  const descriptor = openTemporary(temporary);
  const backup = `${plan.file}.icr-backup`;
  const older = `${backup}-old`;
  let undoBackup = () => {};
  let isDone = false;
  let renamed = false;
  try {
    refuseIfChanged(plan);
    keepOwnerAndMode(target, descriptor);
    if (!plan.withoutBackup) undoBackup = setAside(backup, older);
    const hasBackup = !plan.withoutBackup && backUp(plan, backup, descriptor);
    if (plan.after === undefined) {
      fs.unlinkSync(target);
    } else {
      fs.writeFileSync(descriptor, plan.after);
      fs.fsyncSync(descriptor);
      if (!isSameFile(temporary, descriptor)) throw busy(temporary);
      renamed = replace(temporary, target, plan.before, plan.after);
    }
    isDone = true;
    return hasBackup ? { changed: true, backup } : { changed: true };
  } finally {
    // After the rename the names are free, and may already be another process's.
    if (!renamed && isSameFile(temporary, descriptor)) {
      if (!isDone) undoBackup();
      fs.rmSync(temporary, { force: true });
    }
    fs.closeSync(descriptor);
    if (isDone && !plan.withoutBackup) fs.rmSync(older, { force: true });
  }
}

/** Returns true if `aside` was renamed. */
function replace(aside: string, target: string, before: string | undefined, after: string) {
  try {
    fs.renameSync(aside, target);
    return true;
  } catch (error) {
    if (systemCode(error) !== 'EBUSY' || before === undefined) throw error;
    writeInPlace(target, before, after);
    return false;
  }
}

/** The temporary file is also the lock: throws ConflictError if another process has created it. */
function openTemporary(temporary: string): number {
  const stat = fs.lstatSync(temporary, { throwIfNoEntry: false });
  // If the clock was set back, the file's time is in the future.
  if (stat !== undefined && Math.abs(timeBeside(temporary) - stat.mtimeMs) > staleAfterMs)
    fs.rmSync(temporary, { force: true });
  try {
    return fs.openSync(temporary, 'wx', 0o600);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    throw busy(temporary);
  }
}

function busy(temporary: string): ConflictError {
  return new ConflictError('storage', `another command is changing the file (${temporary})`, {
    hint: 'try again in a minute',
  });
}

function refuseIfChanged({ file, before }: EditPlan): void {
  if (readText(file) === before) return;
  throw new ConflictError('storage', `another program changed ${file} at the same time`, {
    hint: 'try again',
  });
}

/**
 * Matches a password of a login, any of Docker's `HttpHeaders`, and a password in a proxy's URL. The pattern of the URL
 * contains no repetition before its colon, which would take quadratic time.
 */
const password =
  /"(auth|identitytoken|registrytoken|password)"\s*:\s*"[^"]|"HttpHeaders"\s*:\s*\{\s*"|[^"\s/]:[^"\s/:@]*@/i;

/**
 * Renames the backup of an earlier change. Returns a function that restores it, or removes a new backup, after a failed change.
 */
function setAside(backup: string, older: string): () => void {
  const entry = fs.lstatSync(backup, { throwIfNoEntry: false });
  if (entry?.isDirectory()) fs.unlinkSync(backup);
  if (entry !== undefined) fs.renameSync(backup, older);
  return () => {
    try {
      if (entry !== undefined) fs.renameSync(older, backup);
      else fs.rmSync(backup, { force: true });
    } catch {
      // The error of the change is reported.
    }
  };
}

/**
 * Writes a backup beside the file. If the file is a symlink, the backup is not written beside its target, which may be in
 * a repository. Returns false without a backup if the file contains a password, because the backup would outlast a
 * logout, or if the file is deleted, because then this helper has created it.
 */
function backUp({ before, after, isUndo }: EditPlan, backup: string, like: number): boolean {
  if (before === undefined || after === undefined) return false;
  if (isUndo || password.test(before)) return false;
  const descriptor = fs.openSync(backup, 'wx', 0o600);
  try {
    giveTo(descriptor, fs.fstatSync(like));
    fs.writeFileSync(descriptor, before);
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
  return true;
}
