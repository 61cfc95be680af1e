import { applyEdits } from 'jsonc-parser';
import type { Context } from '../context.ts';
import { type EditPlan, helperName } from './client.ts';
import { authsOf, type CredHelpersFile, readCredHelpers, settingsNamed } from './cred-helpers.ts';
import { dockerConfigFile } from './docker.ts';
import { addProperties, newObjectText, removeProperties, replaceValue } from './json-edit.ts';
import { holdsSecret, typed } from './notes.ts';

const setting = 'credsStore';

/** A change of Docker's `credsStore`, and the helper that stood there. */
export interface CredsStorePlan extends EditPlan {
  readonly others: string | undefined;
}

/** Makes this helper Docker's store for everything. */
export function planTakeOver(context: Context): CredsStorePlan {
  const read = readCredHelpers(dockerConfigFile(context));
  const { text, root } = read;
  const [current] = settingsNamed(root, setting);
  const others = typeof current?.value.value === 'string' ? current.value.value : undefined;
  const plan = { file: read.file, before: text, hosts: [], others, notes: plainTextNotes(read) };
  if (others === helperName) return { ...plan, after: text, others: undefined, notes: [] };
  const property = [setting, helperName] as const;
  if (text === undefined || root === undefined)
    return { ...plan, after: newObjectText([property]) };
  const edits =
    current === undefined
      ? addProperties(text, root, root, [property])
      : [replaceValue(text, root, current.value, helperName)];
  return { ...plan, after: applyEdits(text, edits) };
}

/** Gives the place back to the helper that stood there, if there was one. */
export function planGiveBack(context: Context, others: string | undefined): EditPlan {
  const read = readCredHelpers(dockerConfigFile(context));
  const { text, root } = read;
  const plan = { file: read.file, before: text, hosts: [], notes: [] };
  const [current] = settingsNamed(root, setting);
  if (!text || !root || current?.value.value !== helperName) return { ...plan, after: text };
  const edits =
    others === undefined
      ? removeProperties(root, (node) => node === current.node)
      : [replaceValue(text, root, current.value, others)];
  return { ...plan, after: applyEdits(text, edits) };
}

/** Docker looks for a password in `auths` only where no store is named. */
function plainTextNotes(read: CredHelpersFile): string[] {
  return authsOf(read)
    .filter(holdsSecret)
    .map(({ key }) => typed(key))
    .map((key) => `docker will not look for ${key} in auths any more; run docker login ${key}`);
}
