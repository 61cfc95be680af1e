import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import { namesIn } from '../files.ts';

/** What the cache calls a token of a pod, and the lock beside it. */
const isPods = /^pod%20.*\.(?:json|lock)$/;
/** Milliseconds. No token lives that long; who pulls again gets another. */
const forgottenAfter = 24 * 3600_000;

/**
 * Removes what was kept for service accounts that did not pull for a day: in a cluster that makes one for each build
 * they would fill the node's memory. What cannot be removed now is swept another time.
 */
export function sweepPods({ now }: Context, folder: string): void {
  try {
    for (const name of namesIn(folder).filter((each) => isPods.test(each))) {
      const file = path.join(folder, name);
      if (fs.statSync(file).mtimeMs < now() - forgottenAfter) fs.rmSync(file, { recursive: true });
    }
  } catch {
    // Another process is at it, or nobody may: there is a token to get all the same.
  }
}
