import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import { cannot, isAbsent } from '../files/storage-error.ts';
import { helperName } from '../program-name.ts';
import { homeFolder, joinPath } from './home.ts';
import { readText } from './read-file.ts';

/** A file of podman, buildah and skopeo that lists helpers for every registry. */
export interface HelperList {
  readonly file: string;
  readonly names: readonly string[];
  readonly namesHelper: boolean;
}

/** Where the system's files are; tests pass another directory. */
export const systemFolder = '/etc/containers';

/**
 * The user's directories of `registries.conf.d`: podman up to version 5 reads the one in the home directory only, podman 6
 * the one in `XDG_CONFIG_HOME`, or in `APPDATA` on Windows.
 */
export function userFolders(context: Context): string[] {
  const { env, platform } = context;
  const base = platform === 'win32' ? env.APPDATA : env.XDG_CONFIG_HOME;
  const usual = joinPath(context, homeFolder(context), '.config/containers');
  if (!base || !path.isAbsolute(base)) return [usual];
  return [...new Set([usual, joinPath(context, base, 'containers')])];
}

/**
 * The files that list helpers, in the order in which they are read with that directory of the user: only the last list
 * counts. Source: containers/container-libs, image/pkg/sysregistriesv2/system_registries_v2.go.
 */
export function helperLists(context: Context, user: string, system?: string): HelperList[] {
  return listFiles(context, user, system).flatMap((file) => listIn(file) ?? []);
}

/** The files that may have a list, in that order. */
export function listFiles(context: Context, user: string, system: string = systemFolder): string[] {
  const { CONTAINERS_REGISTRIES_CONF: named } = context.env;
  const own = joinPath(context, user, 'registries.conf');
  const isOwn = !named && fs.existsSync(own);
  const main = named || (isOwn ? own : joinPath(context, system, 'registries.conf'));
  const folders = isOwn ? [user] : [system, user];
  return [main, ...folders.flatMap((folder) => dropIns(context, folder))];
}

/** Returns the list that applies with that directory of the user; undefined if none does. */
export function helperList(
  context: Context,
  user: string,
  system?: string,
): HelperList | undefined {
  return helperLists(context, user, system).at(-1);
}

/**
 * Returns the lists by which podman, skopeo and buildah of every version call this helper for every registry; undefined if
 * some version does not.
 */
export function completeLists(context: Context, system?: string): string[] | undefined {
  const lists = userFolders(context).map((user) => helperList(context, user, system));
  const files = lists.flatMap((list) => (list?.namesHelper ? list.file : []));
  return files.length === lists.length ? [...new Set(files)] : undefined;
}

/** Returns true if there are such lists. */
export function isListed(context: Context, system?: string): boolean {
  return completeLists(context, system) !== undefined;
}

/** Returns true if podman, skopeo and buildah of some version call this helper for every registry. */
export function isAnyListed(context: Context): boolean {
  return userFolders(context).some((user) => helperList(context, user)?.namesHelper === true);
}

/** The `.conf` files in `registries.conf.d` of that directory, in the order in which they are read. Throws `storage`. */
export function dropIns(context: Context, folder: string): string[] {
  const place = joinPath(context, folder, 'registries.conf.d');
  const names = namesIn(place).filter((name) => name.endsWith('.conf'));
  return names.sort().map((name) => joinPath(context, place, name));
}

function namesIn(folder: string): string[] {
  try {
    return fs.readdirSync(folder);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw cannot('read', folder, error);
  }
}

/** In TOML a top-level setting precedes the first table; an empty list counts as none. */
function listIn(file: string): HelperList | undefined {
  const [topLevel = ''] = (readText(file) ?? '').split(/^\s*\[/m);
  const [, list = ''] = /^\s*["']?credential-helpers["']?\s*=\s*\[([^\]]*)\]/m.exec(topLevel) ?? [];
  const names = [...list.replace(/#.*/g, '').matchAll(/["']([^"']*)["']/g)].map(
    ([, name = '']) => name,
  );
  return names.length === 0 ? undefined : { file, names, namesHelper: names.includes(helperName) };
}
