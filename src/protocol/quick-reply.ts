import type { Settings } from '../config/settings.ts';
import type { Context } from '../context.ts';

// What the quick way of `get` is asked and says.

/** A faster way to look than node:fs. */
export interface QuickFiles {
  /**
   * `undefined` where there is none. Rejects with what keeps it from being read, also that it is not small, not
   * ASCII, or no plain file that only its owner may read or write.
   */
  readonly read: (file: string) => Promise<string | undefined>;
}

export interface Reply {
  readonly status: 0 | 1;
  /** For standard output. */
  readonly line: string;
}

export type Where = Pick<Context, 'env' | 'platform' | 'now'>;

/** A host that is plain, and what the settings say. */
export interface Asked {
  readonly read: QuickFiles['read'];
  readonly context: Where;
  readonly host: string;
  /** Of settings and secrets. */
  readonly folder: string;
  readonly settings: Settings;
}

export function found(ServerURL: string, Username: string, Secret: string): Reply {
  return { status: 0, line: `${JSON.stringify({ ServerURL, Username, Secret })}\n` };
}
