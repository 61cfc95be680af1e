import { applyEdits } from 'jsonc-parser';
import type { Context } from '../context.ts';
import type { Credential } from '../secrets/store-types.ts';
import { type EditPlan, helperName } from './client.ts';
import { type CredHelpersFile, readCredHelpers, settingsNamed } from './cred-helpers.ts';
import { dockerConfigFile } from './docker.ts';
import { addProperties, newObjectText, removeProperties, replaceValue } from './json-edit.ts';
import { damaged, type Property } from './json-text.ts';
import { plainLogins } from './plain-logins.ts';

const setting = 'credsStore';

/** A change of Docker's `credsStore`, and what stood there. */
export interface CredsStorePlan extends EditPlan {
  /** The helper by its name. */
  readonly others: string | undefined;
  /** The passwords that Docker finds in its file now, and will not look for any more. */
  readonly logins: readonly Credential[];
}

/** Makes this helper Docker's store for everything. Throws `damaged`, `storage`. */
export function planTakeOver(context: Context): CredsStorePlan {
  const read = readCredHelpers(dockerConfigFile(context));
  const { text, root } = read;
  const current = currentStore(read);
  const before = current?.value.value;
  const others = typeof before === 'string' && before !== '' ? before : undefined;
  const logins = others === undefined ? plainLogins(read) : [];
  const plan = { file: read.file, before: text, hosts: [], others, logins, notes: [] };
  if (others === helperName) return { ...plan, after: text, others: undefined };
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
  const plan = { file: read.file, before: text, hosts: [], notes: [], undoes: true } as const;
  const current = currentStore(read);
  if (!text || !root || current?.value.value !== helperName) return { ...plan, after: text };
  const edits =
    others === undefined
      ? removeProperties(root, (node) => node === current.node)
      : [replaceValue(text, root, current.value, others)];
  return { ...plan, after: applyEdits(text, edits) };
}

function currentStore({ file, text, root }: CredHelpersFile): Property | undefined {
  const [current, second] = settingsNamed(root, setting);
  if (second === undefined || text === undefined) return current;
  throw damaged(file, text, second.node.offset, 'a second credsStore, make it one');
}
