import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { answeredHosts } from '../identity/hosts.ts';
import { listOthers } from './others.ts';

/**
 * Every host that `get` answers, with its user name; needs no network. Standard input is left alone:
 * docker-py and others keep it open. What is damaged is named in a warning and left out: a failure
 * here would stop `docker build` for every registry.
 */
export function list(context: Context): void {
  const warnings = new Set<string>();
  const usernames = listOthers({ ...context, warn: (line) => warnings.add(line) });
  for (const { serverURL, found } of answeredHosts(context)) {
    if (found instanceof HelperError) warnings.add(found.message);
    else usernames[serverURL] = found.username;
  }
  // What is wrong with the settings is wrong for each host, and said once.
  for (const warning of warnings) context.warn(warning);
  context.stdout(`${JSON.stringify(usernames)}\n`);
}
