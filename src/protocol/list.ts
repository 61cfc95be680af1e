import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { answeredHosts } from '../identity/hosts.ts';

/**
 * Every host that `get` answers, with its user name; needs no network. Standard input is left alone:
 * docker-py and others keep it open. What is damaged is named in a warning and left out: a failure
 * here would stop `docker build` for every registry.
 */
export function list(context: Context): void {
  const usernames: Record<string, string> = {};
  for (const { serverURL, found } of answeredHosts(context)) {
    if (found instanceof HelperError) context.warn(found.message);
    else usernames[serverURL] = found.username;
  }
  context.stdout(`${JSON.stringify(usernames)}\n`);
}
