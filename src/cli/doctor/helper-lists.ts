import fs from 'node:fs';
import path from 'node:path';
import { helperName } from '../../clients/client.ts';
import { homeFolder } from '../../clients/home.ts';
import { readText } from '../../clients/read-file.ts';
import type { Context } from '../../context.ts';
import { type Check, warning } from './check.ts';

/** A file of podman, buildah and skopeo that lists helpers for every registry. */
interface HelperList {
  readonly file: string;
  readonly namesUs: boolean;
}

/** Only the last list counts. */
export function helperList(context: Context): HelperList | undefined {
  return helperLists(context).at(-1);
}

/** A list with this helper that a later file replaces. */
export const registriesConf: Check = {
  name: 'registries.conf',
  run: ({ context }) => {
    const lists = helperLists(context);
    const last = lists.at(-1);
    const ours = lists.find(({ namesUs }) => namesUs);
    if (last === undefined || ours === undefined || last.namesUs) return [];
    const what = `${last.file} lists other helpers and replaces ${ours.file}`;
    return warning(what, `add "${helperName}" to credential-helpers in ${last.file}`);
  },
};

/**
 * In the order in which they are read.
 * Source: containers/container-libs, image/pkg/sysregistriesv2/system_registries_v2.go.
 */
function helperLists(context: Context): HelperList[] {
  const user = path.join(homeFolder(context), '.config/containers');
  const own = path.join(user, 'registries.conf');
  const system = '/etc/containers';
  const isOwn = fs.existsSync(own);
  const main = isOwn ? own : path.join(system, 'registries.conf');
  const folders = isOwn ? [user] : [system, user];
  const files = [main, ...folders.flatMap((folder) => confFiles(folder))];
  return files.flatMap((file) => listIn(file) ?? []);
}

function confFiles(folder: string): string[] {
  const place = path.join(folder, 'registries.conf.d');
  if (!fs.existsSync(place)) return [];
  const names = fs.readdirSync(place).filter((name) => name.endsWith('.conf'));
  return names.sort().map((name) => path.join(place, name));
}

/** In TOML a top-level setting precedes the first table; an empty list counts as none. */
function listIn(file: string): HelperList | undefined {
  const [topLevel = ''] = (readText(file) ?? '').split(/^\s*\[/m);
  const [, list = ''] = /^\s*["']?credential-helpers["']?\s*=\s*\[([^\]]*)\]/m.exec(topLevel) ?? [];
  const names = [...list.replace(/#.*/g, '').matchAll(/["']([^"']*)["']/g)].map(([, name]) => name);
  return names.length === 0 ? undefined : { file, namesUs: names.includes(helperName) };
}
