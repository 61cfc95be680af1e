import type { Context } from '../../context.ts';
import type { Lookup } from '../../identity/lookup.ts';
import type { ImageReference } from '../../registry/image-reference.ts';

/** The input of each step: which image, and whether it is pulled or pushed. */
export interface Step {
  /** With a deadline. */
  readonly context: Context;
  readonly lookup: Lookup;
  readonly image: ImageReference;
  readonly isPush: boolean;
}
