import type { Context } from '../context.ts';
import { helperName } from '../program-name.ts';
import { shellQuoted } from '../visible.ts';
import type { Client, EditPlan, Note } from './client.ts';
import { dropIns, type HelperList, helperList, systemFolder, userFolders } from './helper-lists.ts';
import { joinPath } from './home.ts';
import { readText } from './read-file.ts';

/** podman stores a login with the first helper that accepts it. Credentials in `auth.json` are still used. */
const setting = `credential-helpers = ["${helperName}", "containers-auth.json"]`;
const content = `# Written by docker-credential-icr configure; configure --remove deletes it.
# podman, buildah and skopeo call these helpers in this order for all registries.
${setting}
`;

const fileName = 'docker-credential-icr.conf';

/**
 * Returns one client for each directory of drop-ins that some version of podman reads. A drop-in names the helper for every
 * registry, also for ICR hosts of future regions. Not part of `podman` or `all`: if the helper is missing
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
    return dropIns(context, user).find((file) => isGenerated(readText(file))) ?? usual;
  };
  return {
    name: 'registries.conf',
    file: ownFile,
    planAdd: (context, _hosts, options = {}) => {
      const file = ownFile(context);
      const last = helperList(context, user, system);
      if (last?.namesHelper) return unchanged(last.file);
      if (last === undefined) return written(file);
      return options.force ? written(later(context, user, last)) : leftAlone(file, last);
    },
    planRemove: (context, hosts) => planRemove(ownFile(context), hosts),
    configuredHosts: (context) => (helperList(context, user, system)?.namesHelper ? ['*'] : []),
  };
}

const keepOnPath: Note = {
  message: 'podman, buildah and skopeo call the helper for all registries',
  hint: 'keep docker-credential-icr on PATH',
};

function written(file: string): EditPlan {
  const plan = planFor(file, readText(file), content);
  return { ...plan, notes: [keepOnPath] };
}

function unchanged(file: string): EditPlan {
  const text = readText(file);
  return { ...planFor(file, text, text), notes: [keepOnPath] };
}

/** Another list has precedence, and a new one would replace its helpers. */
function leftAlone(file: string, last: HelperList): EditPlan {
  const text = readText(file);
  const note: Note = {
    message: `${last.file} sets credential-helpers, so nothing was changed`,
    hint: `set ${settingWith(last.names)} in ${last.file}`,
  };
  return { ...planFor(file, text, text), notes: [note] };
}

/** Returns a file name that is read after the list in use. Files of the user are read after those of the system. */
function later(context: Context, user: string, last: HelperList): string {
  const folder = joinPath(context, user, 'registries.conf.d');
  const usual = joinPath(context, folder, fileName);
  const isAfter = last.file.startsWith(joinPath(context, folder, '/')) && last.file > usual;
  return isAfter ? last.file.replace(/conf$/, fileName) : usual;
}

function planFor(file: string, before: string | undefined, after: string | undefined): EditPlan {
  return { file, before, after, hosts: before === after ? [] : ['*'], notes: [] };
}

/** Only as a whole: the setting contains no hosts. */
function planRemove(file: string, hosts: readonly string[] | 'all'): EditPlan {
  const before = readText(file);
  if (before === undefined || hosts !== 'all') return planFor(file, before, before);
  if (isGenerated(before)) return planFor(file, before, undefined);
  const message = `${file} has other content and was not deleted`;
  const hint = `run rm ${shellQuoted(file)} if it is not needed`;
  return { ...planFor(file, before, before), notes: [{ message, hint }] };
}

function isGenerated(text: string | undefined): boolean {
  const lines = (text ?? '').split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.join() === setting;
}
