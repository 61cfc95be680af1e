import fs from 'node:fs';
import path from 'node:path';
import { homeFolder } from '../../clients/home.ts';
import { readText } from '../../clients/read-file.ts';
import type { Context } from '../../context.ts';
import { helperName } from '../../program-name.ts';
import { type Check, warning } from './check.ts';

/** A `registries.conf` of podman, buildah and skopeo that lists credential helpers for all registries. */
interface HelperList {
  readonly file: string;
  readonly namesHelper: boolean;
}

/** Returns the list in effect: the last one replaces all others. */
export function helperList(context: Context): HelperList | undefined {
  return helperLists(context).at(-1);
}

/** Finds a list with this helper that a later file replaces. */
export const registriesConf: Check = {
  name: 'registries.conf',
  run: ({ context }) => {
    const lists = helperLists(context);
    const last = lists.at(-1);
    const named = lists.find(({ namesHelper }) => namesHelper);
    if (last === undefined || named === undefined || last.namesHelper) return [];
    const what = `${last.file} lists other helpers and replaces ${named.file}`;
    return warning(what, `add "${helperName}" to credential-helpers in ${last.file}`);
  },
};

/**
 * Returns all lists, in the order in which the programs read them.
 * Source: containers/container-libs, image/pkg/sysregistriesv2/system_registries_v2.go.
 */
function helperLists(context: Context): HelperList[] {
  const user = path.join(homeFolder(context), '.config/containers');
  const own = path.join(user, 'registries.conf');
  const system = '/etc/containers';
  const isOwn = fs.existsSync(own);
  const main = isOwn ? own : path.join(system, 'registries.conf');
  const directories = isOwn ? [user] : [system, user];
  const files = [main, ...directories.flatMap((directory) => confFiles(directory))];
  return files.flatMap((file) => listIn(file) ?? []);
}

function confFiles(directory: string): string[] {
  const place = path.join(directory, 'registries.conf.d');
  if (!fs.existsSync(place)) return [];
  const names = fs.readdirSync(place).filter((name) => name.endsWith('.conf'));
  return names.sort().map((name) => path.join(place, name));
}

/**
 * Returns undefined without a list, or with an empty one. Only the text before the first table is searched: in TOML,
 * top-level settings come first.
 */
function listIn(file: string): HelperList | undefined {
  const [topLevel = ''] = (readText(file) ?? '').split(/^\s*\[/m);
  const [, list = ''] = /^\s*["']?credential-helpers["']?\s*=\s*\[([^\]]*)\]/m.exec(topLevel) ?? [];
  const names = [...list.replace(/#.*/g, '').matchAll(/["']([^"']*)["']/g)].map(([, name]) => name);
  return names.length === 0 ? undefined : { file, namesHelper: names.includes(helperName) };
}
