import type { Context } from '../context.ts';
import type { Client, EditPlan } from './client.ts';
import { helperName } from './client.ts';
import { dropIns, type HelperList, helperList, systemFolder, userFolders } from './helper-lists.ts';
import { joinPath } from './home.ts';
import { typed } from './notes.ts';
import { readText } from './read-file.ts';

/** The first one that can stores what is logged in; `auth.json` still serves what it has already. */
const setting = `credential-helpers = ["${helperName}", "containers-auth.json"]`;
const content = `# Written by docker-credential-icr configure; configure --remove deletes it.
# podman, buildah and skopeo ask these in turn for the credential of any registry.
${setting}
`;

const fileName = 'docker-credential-icr.conf';

/**
 * Drop-ins for podman, buildah and skopeo that name the helper for every registry at once, also for IBM hosts that no list
 * has yet: one for each directory that some version of podman reads. Not part of `podman` or `all`: if the helper is missing
 * from `PATH` (in a system service, for example), these programs then fail for public images of every registry.
 */
export function registriesConfClients(context: Context, system = systemFolder): Client[] {
  return userFolders(context).map((user) => dropInClient(user, system));
}

/** The setting that puts this helper before the others. */
export function settingWith(names: readonly string[]): string {
  const list = [helperName, ...names.filter((name) => name !== helperName)];
  return `credential-helpers = [${list.map((name) => JSON.stringify(name)).join(', ')}]`;
}

function dropInClient(user: string, system: string): Client {
  const ownFile = (context: Context) => {
    const usual = joinPath(context, user, 'registries.conf.d', fileName);
    return dropIns(context, user).find((file) => isOurs(readText(file))) ?? usual;
  };
  return {
    name: 'registries.conf',
    file: ownFile,
    planAdd: (context, _hosts, options = {}) => {
      const file = ownFile(context);
      const last = helperList(context, user, system);
      if (last?.namesUs) return unchanged(last.file);
      if (last === undefined) return written(file);
      return options.force ? written(later(context, user, last)) : leftAlone(file, last);
    },
    planRemove: (context, hosts) => planRemove(ownFile(context), hosts),
    configuredHosts: (context) => (helperList(context, user, system)?.namesUs ? ['*'] : []),
  };
}

const keepOnPath = 'every registry is asked about: keep docker-credential-icr on PATH';

function written(file: string): EditPlan {
  const plan = planFor(file, readText(file), content);
  return { ...plan, notes: [keepOnPath] };
}

function unchanged(file: string): EditPlan {
  const text = readText(file);
  return { ...planFor(file, text, text), notes: [keepOnPath] };
}

/** Another list counts, and ours would replace its helpers. */
function leftAlone(file: string, last: HelperList): EditPlan {
  const text = readText(file);
  const note = `${last.file} sets credential-helpers: left alone; add "${helperName}" to its list: ${settingWith(last.names)}`;
  return { ...planFor(file, text, text), notes: [note] };
}

/** A name that is read after the list that counts now. Files of the user are read after those of the system. */
function later(context: Context, user: string, last: HelperList): string {
  const folder = joinPath(context, user, 'registries.conf.d');
  const usual = joinPath(context, folder, fileName);
  const isAfter = last.file.startsWith(joinPath(context, folder, '/')) && last.file > usual;
  return isAfter ? last.file.replace(/conf$/, fileName) : usual;
}

function planFor(file: string, before: string | undefined, after: string | undefined): EditPlan {
  return { file, before, after, hosts: before === after ? [] : ['*'], notes: [] };
}

/** Only whole: the setting has no hosts. */
function planRemove(file: string, hosts: readonly string[] | 'all-ours'): EditPlan {
  const before = readText(file);
  if (before === undefined || hosts !== 'all-ours') return planFor(file, before, before);
  if (isOurs(before)) return planFor(file, before, undefined);
  const notes = [
    `${file} was changed by somebody: left alone; if it is not needed, run rm ${typed(file)}`,
  ];
  return { ...planFor(file, before, before), notes };
}

function isOurs(text: string | undefined): boolean {
  const lines = (text ?? '').split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.join() === setting;
}
