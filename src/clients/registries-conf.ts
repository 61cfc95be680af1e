import fs from 'node:fs';
import type { Context } from '../context.ts';
import type { AddOptions, Client, EditPlan } from './client.ts';
import { helperName } from './client.ts';
import { homeFolder, joinPath } from './home.ts';
import { typed } from './notes.ts';
import { readText } from './read-file.ts';

/** The first one that can keeps what is logged in; `auth.json` goes on answering for what it has already. */
const setting = `credential-helpers = ["${helperName}", "containers-auth.json"]`;
const content = `# Written by docker-credential-icr configure; configure --remove deletes it.
# podman, buildah and skopeo ask these in turn for the credential of any registry.
${setting}
`;

/**
 * A drop-in for podman, buildah and skopeo that names the helper for every registry at once: for IBM
 * hosts that no list has yet. Not part of `podman` or `all`: where the helper is missing from `PATH`
 * (a system service, say), these programs then fail for public images of every registry.
 */
export function registriesConf(systemFolder = '/etc/containers'): Client {
  const planAdd = (context: Context, _hosts: readonly string[], options: AddOptions = {}) => {
    const file = dropIn(context);
    const before = readText(file);
    const rivals = othersThatSet(context, systemFolder).map((other) => rivalNote(other, options));
    const leave = isOurs(before) || (rivals.length > 0 && !options.force);
    return {
      ...planFor(file, before, leave ? before : content),
      notes: [...rivals, 'every registry is asked about: keep docker-credential-icr on PATH'],
    };
  };
  return {
    name: 'registries.conf',
    file: dropIn,
    planAdd,
    planRemove,
    configuredHosts: (context) => (isOurs(readText(dropIn(context))) ? ['*'] : []),
  };
}

function planFor(file: string, before: string | undefined, after: string | undefined): EditPlan {
  return { file, before, after, hosts: before === after ? [] : ['*'], notes: [] };
}

/** Only whole: the setting has no hosts. */
function planRemove(context: Context, hosts: readonly string[] | 'all-ours'): EditPlan {
  const file = dropIn(context);
  const before = readText(file);
  if (before === undefined || hosts !== 'all-ours') return planFor(file, before, before);
  if (isOurs(before)) return planFor(file, before, undefined);
  const notes = [
    `${file} was changed by somebody: left alone; if it is not needed, run rm ${typed(file)}`,
  ];
  return { ...planFor(file, before, before), notes };
}

/** Podman reads it in the home folder whatever `XDG_CONFIG_HOME` says. */
function userFolder(context: Context): string {
  return joinPath(context, homeFolder(context), '.config/containers');
}

function dropIn(context: Context): string {
  return joinPath(context, userFolder(context), 'registries.conf.d/docker-credential-icr.conf');
}

function isOurs(text: string | undefined): boolean {
  const lines = (text ?? '').split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.join() === setting;
}

function rivalNote(other: string, { force = false }: AddOptions): string {
  if (force) return `${other} sets credential-helpers too: of the two, the file read last counts`;
  return `${other} sets credential-helpers: left alone; add "${helperName}" to its list`;
}

/**
 * The other files that name helpers, in podman's order; the last one's list replaces all others.
 * Source: containers/container-libs, image/pkg/sysregistriesv2/system_registries_v2.go.
 */
function othersThatSet(context: Context, systemFolder: string): string[] {
  const user = userFolder(context);
  const own = joinPath(context, user, 'registries.conf');
  const folders = fs.existsSync(own) ? [user] : [systemFolder, user];
  const files = folders.map((folder) => joinPath(context, folder, 'registries.conf.d'));
  const main = fs.existsSync(own) ? own : joinPath(context, systemFolder, 'registries.conf');
  return [main, ...files.flatMap((folder) => confFiles(context, folder))].filter(
    (file) => file !== dropIn(context) && setsHelpers(readText(file) ?? ''),
  );
}

function confFiles(context: Context, folder: string): string[] {
  if (!fs.existsSync(folder)) return [];
  const names = fs.readdirSync(folder).filter((name) => name.endsWith('.conf'));
  return names.sort().map((name) => joinPath(context, folder, name));
}

/** In TOML a top-level setting stands before the first table; an empty list counts as none. */
function setsHelpers(toml: string): boolean {
  const [topLevel = ''] = toml.split(/^\s*\[/m);
  return /^\s*["']?credential-helpers["']?\s*=(?!\s*\[\s*\])/m.test(topLevel);
}
