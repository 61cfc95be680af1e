import { helperLists, userFolders } from '../../clients/helper-lists.ts';
import { settingWith } from '../../clients/registries-conf.ts';
import type { Context } from '../../context.ts';
import { type Check, type Finding, warning } from './check.ts';

/** A list with this helper that a later file replaces. */
export const registriesConf: Check = {
  name: 'registries.conf',
  run: ({ context }) => {
    const found = userFolders(context).flatMap((user) => replacedIn(context, user));
    return [...new Map(found.map((finding) => [finding.message, finding])).values()];
  },
};

function replacedIn(context: Context, user: string): Finding[] {
  const lists = helperLists(context, user);
  const last = lists.at(-1);
  const ours = lists.find(({ namesUs }) => namesUs);
  if (last === undefined || ours === undefined || last.namesUs) return [];
  const what = `${last.file} lists other helpers and replaces ${ours.file}`;
  return [warning(what, `set ${settingWith(last.names)} in ${last.file}`)];
}
