import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import { removeLock } from '../files/lock.ts';
import { namesIn } from '../files/private-read.ts';
import { removePrivate } from '../files/private-write.ts';

/** What the cache calls a token of a pod, and the lock beside it. */
const isPods = /^pod%20.*\.(?:json|lock)$/;
/** Milliseconds. No token lives that long; who pulls again gets another. */
const forgottenAfter = 24 * 3600_000;

/**
 * Removes what was kept for service accounts that did not pull for a day: in a cluster that makes one for each build
 * they would fill the node's memory. What cannot be removed now is swept another time.
 */
export function sweepPods(context: Context, folder: string): void {
  try {
    for (const name of namesIn(context, folder, 'own').filter((each) => isPods.test(each))) {
      const file = path.join(folder, name);
      if (fs.lstatSync(file).mtimeMs >= context.now() - forgottenAfter) continue;
      if (name.endsWith('.lock')) removeLock(context, file);
      else removePrivate(context, file);
    }
  } catch {
    // Another process is at it, or nobody may: there is a token to get all the same.
  }
}
