import fs from 'node:fs';
import type { Context } from '../context.ts';
import { HelperError, inOneLine } from '../errors.ts';
import { answeredHosts } from '../identity/hosts.ts';
import { listOthers } from '../identity/others.ts';
import { listInput } from '../secrets/helper-process.ts';
import { readInput } from '../standard-input.ts';
import { leadsBack } from './pass-on.ts';

/**
 * Throws `misconfigured` where this is our own call of a keychain that came round. Only a file is looked into, as our
 * calls are given one on Linux: somebody else may keep a pipe open.
 */
async function refuseRing(context: Context): Promise<void> {
  if (context.platform !== 'linux') return;
  const stat = fs.fstatSync(context.stdin);
  if (!stat.isFile() || stat.size !== listInput.length) return;
  if ((await readInput(context)) === listInput) throw leadsBack();
}

/**
 * Every host that `get` answers, with its user name; needs no network. Standard input is left alone:
 * docker-py and others keep it open. What is damaged is named in a warning and left out: a failure
 * here would stop `docker build` for every registry.
 */
export async function list(context: Context): Promise<string> {
  await refuseRing(context);
  // What is wrong with the settings or a keychain is wrong for each host, and said once.
  const warnings = new Set<string>();
  const once = { ...context, warn: (line: string) => void warnings.add(line) };
  const { usernames, answerFor, failure } = listOthers(once);
  if (failure !== undefined) warnings.add(inOneLine(failure));
  for (const answer of await answeredHosts(once)) {
    if (answerFor(answer) !== undefined) continue;
    const { serverURL, found } = answer;
    if (found instanceof HelperError) warnings.add(inOneLine(found));
    else usernames[serverURL] = found.username;
  }
  for (const warning of warnings) context.warn(warning);
  return `${JSON.stringify(usernames)}\n`;
}
