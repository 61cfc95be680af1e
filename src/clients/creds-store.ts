import { applyEdits } from 'jsonc-parser';
import type { Context } from '../context.ts';
import { isText } from '../json-object.ts';
import { helperName } from '../program-name.ts';
import type { Credential } from '../secrets/store-types.ts';
import { hasControlCharacter } from '../visible.ts';
import type { EditPlan } from './client.ts';
import {
  authsOf,
  type CredHelpersFile,
  entryOf,
  ibmHostOf,
  readCredHelpers,
  settingsNamed,
} from './cred-helpers.ts';
import { dockerConfigFile } from './docker.ts';
import { isOwnHelper } from './helper-link.ts';
import { addProperties, newObjectText, removeProperties, replaceValue } from './json-edit.ts';
import { damaged, type Property, propertiesOf } from './json-text.ts';
import { loadNotes } from './rejected-members.ts';

const setting = 'credsStore';

/** A planned change of Docker's `credsStore`. */
interface CredsStorePlan extends EditPlan {
  /** The previous helper, which is used for other registries. */
  readonly previousHelper: string | undefined;
  /** The passwords in Docker's file, which Docker no longer reads after the change. */
  readonly logins: readonly Credential[];
}

/** Plans to set this helper as `credsStore`. Throws `damaged` or `storage`. */
export function planSetStore(context: Context): CredsStorePlan {
  const read = readCredHelpers(dockerConfigFile(context));
  const notes = loadNotes(read, 'config.json', 'docker');
  const { text, root } = read;
  const current = currentStore(read);
  const before = current?.value.value;
  const previousHelper = isText(before) ? before : undefined;
  const logins = previousHelper === undefined ? plainLogins(read) : [];
  const plan = { file: read.file, before: text, hosts: [], previousHelper, logins, notes };
  if (previousHelper === helperName) return { ...plan, after: text, previousHelper: undefined };
  const property = [setting, helperName] as const;
  if (text === undefined || root === undefined)
    return { ...plan, after: newObjectText([property]) };
  const edits =
    current === undefined
      ? addProperties(text, root, root, [property])
      : [replaceValue(text, root, current.value, helperName)];
  return { ...plan, after: applyEdits(text, edits) };
}

/** Plans to set `credsStore` to the previous helper, or to remove it if `previousHelper` is undefined. */
export function planRestoreStore(context: Context, previousHelper: string | undefined): EditPlan {
  const read = readCredHelpers(dockerConfigFile(context));
  const { text, root } = read;
  const plan = { file: read.file, before: text, hosts: [], notes: [], isUndo: true } as const;
  const current = currentStore(read);
  if (!text || !root || !current || !isOwnHelper(context, current.value.value))
    return { ...plan, after: text };
  const edits =
    previousHelper === undefined
      ? removeProperties(root, (node) => node === current.node)
      : [replaceValue(text, root, current.value, previousHelper)];
  return { ...plan, after: applyEdits(text, edits) };
}

function currentStore({ file, text, root }: CredHelpersFile): Property | undefined {
  const [current, second] = settingsNamed(root, setting);
  if (second === undefined || text === undefined) return current;
  throw damaged(file, text, second.node.offset, 'duplicate key credsStore');
}

/**
 * Returns the passwords that `docker login` stored as plain text in `auths`. If `credsStore` is set, Docker does not
 * read them. Source: docker/cli, cli/config/configfile and cli/config/credentials.
 */
function plainLogins(read: CredHelpersFile): Credential[] {
  return authsOf(read)
    .filter(({ key }) => entryOf(read, key) === undefined)
    .flatMap((entry) => credentialOf(entry) ?? []);
}

function credentialOf({ key: ServerURL, value }: Property): Credential | undefined {
  const fields = Object.fromEntries(
    propertiesOf(value).map((field) => [field.key.toLowerCase(), field.value.value]),
  );
  const [Username, Secret] = isText(fields.identitytoken)
    ? ['<token>', fields.identitytoken]
    : userAndPassword(fields.auth);
  if (!isText(Username) || !isText(Secret)) return undefined;
  // As in `store`: only other registries have secrets with line ends, such as keys of Google Cloud.
  const isSingleLine = !hasControlCharacter(Username + Secret);
  const isStorable = isSingleLine || ibmHostOf(ServerURL) === undefined;
  return isStorable ? { ServerURL, Username, Secret } : undefined;
}

/** Decodes `USER:PASSWORD` from base64. Some Docker versions add a NUL at the end. */
function userAndPassword(auth: unknown): string[] {
  const decoded = isText(auth) ? Buffer.from(auth, 'base64').toString() : '';
  const [user = '', ...rest] = decoded.split(':');
  return [user, rest.join(':').replace(/\0+$/, '')];
}
