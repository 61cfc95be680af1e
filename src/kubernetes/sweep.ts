import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import { removeLock } from '../files/lock.ts';
import { namesIn } from '../files/private-read.ts';
import { removePrivate } from '../files/private-write.ts';

/** The file names of pods' tokens and of their locks. */
const podFile = /^pod%20.*\.(?:json|lock)$/;
/** Longer than the lifetime of any token. */
const maxAgeMs = 24 * 3600_000;

/**
 * Removes cached tokens of service accounts that did not pull for a day. In a cluster that creates an account for each
 * build, they would fill the node's memory. Files that cannot be removed are tried again the next time.
 */
export function sweepPods(context: Context, folder: string): void {
  try {
    for (const name of namesIn(context, folder, 'own').filter((each) => podFile.test(each))) {
      const file = path.join(folder, name);
      if (fs.lstatSync(file).mtimeMs >= context.now() - maxAgeMs) continue;
      if (name.endsWith('.lock')) removeLock(context, file);
      else removePrivate(context, file);
    }
  } catch {
    // Another process may be removing the same files. A failure must not prevent the request of a token.
  }
}
