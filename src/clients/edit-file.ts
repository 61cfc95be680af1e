import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import { HelperError, systemCode } from '../errors.ts';
import { actAsOwner } from '../files/act-as-owner.ts';
import { makePrivateFolder } from '../files/own-directories.ts';
import type { EditPlan } from './client.ts';
import { giveTo, keepOwnerAndMode, realFile } from './place.ts';
import { readText } from './read-file.ts';
import { cannotChange } from './write-error.ts';
import { writeInPlace } from './write-in-place.ts';

export interface Applied {
  readonly changed: boolean;
  /** The file that holds what was there before. */
  readonly backup?: string;
}

/** Another writer came first: a new plan may succeed. */
class ConflictError extends HelperError {}

/** Milliseconds. A write takes a few; what is this old was left by a process that was killed. Others wait longer. */
const abandonedAfter = 1500;

/**
 * Makes the change: written aside in the same folder, synced, renamed, so that a reader sees the old
 * file or the new one. A mount point is overwritten instead. A symbolic link is followed and kept; mode and owner are kept; a new file is
 * 0600 in a 0700 folder. Root changes another user's file with the rights of that user. What was there
 * before stays beside it as `NAME.icr-backup`, see `backUp`.
 * Throws `storage`, and then the file is as it was; also when it is no longer what the plan was made
 * from, because another program wrote it in between.
 */
export function applyPlan(context: Context, plan: EditPlan): Applied {
  if (plan.after === plan.before) return { changed: false };
  try {
    return actAsOwner(context, plan.file, () => {
      const target = realFile(plan.file);
      makePrivateFolder(path.dirname(target));
      return replaceFile(context, plan, target);
    });
  } catch (error) {
    throw error instanceof HelperError ? error : cannotChange(plan.file, error);
  }
}

const attempts = 40;
/** Milliseconds. */
const pause = 50;

/**
 * Plans and makes the change, from the start again for up to two seconds while other writers are at
 * work: of many that run at once, none loses what it was to add. Throws what the two steps throw.
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
      if (!(error instanceof ConflictError) || attempt === attempts) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause);
    }
  }
}

function replaceFile(context: Context, plan: EditPlan, target: string): Applied {
  const aside = `${target}.icr-new`;
  const descriptor = openAside(context, aside);
  const backup = `${plan.file}.icr-backup`;
  const older = `${backup}-old`;
  let undoBackup = () => {};
  let isDone = false;
  let renamed = false;
  try {
    refuseIfChanged(plan);
    keepOwnerAndMode(target, descriptor);
    undoBackup = setAside(backup, older);
    const hasBackup = backUp(plan, backup, descriptor);
    if (plan.after === undefined) {
      fs.unlinkSync(target);
    } else {
      fs.writeFileSync(descriptor, plan.after);
      fs.fsyncSync(descriptor);
      if (!isStill(aside, descriptor)) throw atWork(aside);
      renamed = replace(aside, target, plan.before, plan.after);
    }
    isDone = true;
    return hasBackup ? { changed: true, backup } : { changed: true };
  } finally {
    // After the rename the names are free, and may already be another process's.
    if (!renamed && isStill(aside, descriptor)) {
      if (!isDone) undoBackup();
      fs.rmSync(aside, { force: true });
    }
    fs.closeSync(descriptor);
    if (isDone) fs.rmSync(older, { force: true });
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

/** The new file is its own lock: of two that write at once, one is told to try again. */
function openAside({ now }: Context, aside: string): number {
  const stat = fs.lstatSync(aside, { throwIfNoEntry: false });
  // A clock that was set back makes it as young as it was old.
  if (stat !== undefined && Math.abs(now() - stat.mtimeMs) > abandonedAfter)
    fs.rmSync(aside, { force: true });
  try {
    return fs.openSync(aside, 'wx', 0o600);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    throw atWork(aside);
  }
}

function atWork(aside: string): ConflictError {
  return new ConflictError(
    'storage',
    `another configure is at work (${aside}); try again in a minute`,
  );
}

/** Whether the file of that name is the open one: somebody may have taken us for dead. */
function isStill(file: string, descriptor: number): boolean {
  const [named, open] = [fs.lstatSync(file, { throwIfNoEntry: false }), fs.fstatSync(descriptor)];
  return named?.ino === open.ino && named.dev === open.dev;
}

function refuseIfChanged({ file, before }: EditPlan): void {
  if (readText(file) === before) return;
  throw new ConflictError('storage', `${file} was changed by another program meanwhile; try again`);
}

/** Of a login, in one of the headers that Docker is to send, or in a proxy's URL. */
const password =
  /"(auth|identitytoken|registrytoken|password)"\s*:\s*"[^"]|"HttpHeaders"\s*:\s*\{\s*"|[^"\s/:]+:[^"\s/]*@/i;

/** Renames the backup of an earlier change. Returns what puts it back: a failed change leaves that one, or none. */
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
 * Writes the previous text beside the name that people know, not beside the target of a link: that may be a repository.
 * Returns false without a backup: a password would remain there long after its logout, and a file that is removed
 * altogether was ours.
 */
function backUp({ before, after, undoes }: EditPlan, backup: string, like: number): boolean {
  if (before === undefined || after === undefined) return false;
  if (undoes || password.test(before)) return false;
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
