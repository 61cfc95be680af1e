import fs from 'node:fs';
import path from 'node:path';
import { helperName } from '../../clients/client.ts';
import { homeFolder } from '../../clients/home.ts';
import { typed } from '../../clients/notes.ts';
import type { Context } from '../../context.ts';
import { type Check, warn } from './check.ts';
import { realName } from './client-file.ts';
import { readText } from './read-text.ts';
import { sudoFor } from './set-aside.ts';

/** A file of podman, buildah and skopeo that lists helpers for every registry. */
interface HelperList {
  readonly file: string;
  readonly namesUs: boolean;
}

/** The list that counts is the last one. */
export function helperList(context: Context): HelperList | undefined {
  return helperLists(context).at(-1);
}

/** A list of ours that another file takes the effect from. */
export const registriesConf: Check = {
  name: 'registries.conf',
  run: ({ context }) => {
    const lists = helperLists(context);
    const last = lists.at(-1);
    const ours = lists.find(({ namesUs }) => namesUs);
    if (last === undefined || ours === undefined || last.namesUs) return [];
    return warn(
      `${last.file} has a list of helpers without this one, and counts instead of ${ours.file}`,
      addTo(last.file),
    );
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

/** In TOML a top-level setting stands before the first table; an empty list counts as none. */
function listIn(file: string): HelperList | undefined {
  const [topLevel = ''] = (readText(file) ?? '').split(/^\s*\[/m);
  const [, list = ''] = /^\s*["']?credential-helpers["']?\s*=\s*\[([^\]]*)\]/m.exec(topLevel) ?? [];
  const names = [...list.replace(/#.*/g, '').matchAll(/["']([^"']*)["']/g)].map(([, name]) => name);
  return names.length === 0 ? undefined : { file, namesUs: names.includes(helperName) };
}

/** After the last name that is in the list. */
function addTo(file: string): string {
  const edit = `s/(credential-helpers["\\x27]?\\s*=\\s*\\[[^\\]]*["\\x27])/$1, "${helperName}"/`;
  return `${sudoFor(realName(file))}perl -0pi -e '${edit}' ${typed(realName(file))}`;
}
