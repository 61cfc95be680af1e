import path from 'node:path';
import type { Context } from '../../../context.ts';
import { invalidInput } from '../../../errors.ts';
import type { Secrets } from '../../../mask.ts';
import { commandCopy } from './command-copy.ts';
import type { Copy, CopyCommand } from './copy.ts';
import { fileCopy } from './file-copy.ts';
import { kubernetesCopy, withCurrentContext } from './kubernetes-copy.ts';

/**
 * Returns a value of `--to` so that it names the same place in another directory, and with another current context of
 * kubectl. Throws `invalid-input`.
 */
export async function resolveTarget(context: Context, target: string): Promise<string> {
  const [kind, rest] = split(target);
  if (kind === 'kubernetes') return withCurrentContext(context, target);
  if (kind === 'command') return target;
  const { HOME = '~' } = context.env;
  return `file:${path.resolve(rest.replace(/^~(?=\/)/, HOME))}`;
}

/** Returns the copy in a resolved target; `secrets` are masked in errors. Throws `invalid-input`. */
export function copyAt(context: Context, target: string, secrets: Secrets): Copy | CopyCommand {
  const [kind, rest] = split(target);
  if (kind === 'kubernetes') return kubernetesCopy(context, target, secrets);
  return kind === 'file'
    ? fileCopy(context, target, rest)
    : commandCopy(context, target, rest, secrets);
}

function split(target: string): ['kubernetes' | 'file' | 'command', rest: string] {
  const [, kind, rest = ''] = /^(kubernetes|file|command):(.+)$/s.exec(target) ?? [];
  if (kind === 'kubernetes' || kind === 'file' || kind === 'command') return [kind, rest];
  // The value is not repeated: it may be a key.
  throw invalidInput(
    'invalid value of --to',
    'use kubernetes://NAMESPACE/SECRET, file:PATH or command:PROGRAM ARGUMENTS',
  );
}
