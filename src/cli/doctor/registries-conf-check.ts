import path from 'node:path';
import { helperLists, listFiles, userFolders } from '../../clients/helper-lists.ts';
import { settingWith } from '../../clients/registries-conf.ts';
import type { Context } from '../../context.ts';
import { type Check, type CheckInput, type Finding, listed, warning } from './check.ts';
import { pathProblem } from './path-problem.ts';

/** A list with this helper that a later file replaces. */
export const registriesConf: Check = {
  name: 'registries.conf',
  run: (input) => {
    const { context } = input;
    const users = userFolders(context);
    const unreadable = users.flatMap((user) => unreadableIn(input, user));
    const found = listed(
      unreadable.length > 0 ? unreadable : users.map((user) => replacedIn(context, user)),
    );
    return [...new Map(found.map((finding) => [finding.message, finding])).values()];
  },
};

function unreadableIn(input: CheckInput, user: string): Finding[] {
  const folder = path.join(user, 'registries.conf.d');
  const above = pathProblem(input, folder, 'directory');
  if (above !== undefined) return [above];
  return listFiles(input.context, user).flatMap((file) => pathProblem(input, file, 'file') ?? []);
}

function replacedIn(context: Context, user: string): Finding | undefined {
  const lists = helperLists(context, user);
  const last = lists.at(-1);
  const ours = lists.find(({ namesHelper }) => namesHelper);
  if (last === undefined || ours === undefined || last.namesHelper) return undefined;
  const what = `${last.file} lists other helpers and replaces ${ours.file}`;
  return warning(what, `set ${settingWith(last.names)} in ${last.file}`);
}
