import fs from 'node:fs';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { answeredHosts } from '../identity/hosts.ts';
import { listOthers } from '../identity/others.ts';
import { listInput } from '../secrets/helper-process.ts';
import { readInput } from '../standard-input.ts';
import { helperLoop } from './pass-on.ts';

/**
 * Throws `misconfigured` if this is our own call of a keychain, in a credential helper loop. Only a regular file is
 * read, which is what our calls have as standard input on Linux: other programs may keep a pipe open.
 */
async function assertNoLoop(context: Context): Promise<void> {
  if (context.platform !== 'linux') return;
  const stat = fs.fstatSync(context.stdin);
  if (!stat.isFile() || stat.size !== listInput.length) return;
  if ((await readInput(context)) === listInput) throw helperLoop();
}

/**
 * Every host that `get` answers, with its user name; needs no network. Standard input is left alone:
 * docker-py and others keep it open. What is damaged is named in a warning and left out: a failure
 * here would stop `docker build` for every registry.
 */
export async function list(context: Context): Promise<string> {
  await assertNoLoop(context);
  // A problem with the settings or a keychain concerns every host, and is reported once.
  const warnings = new Map<string, string | undefined>();
  const warnOnce = (line: string, hint?: string) => void warnings.set(line, hint);
  const once = { ...context, warn: warnOnce };
  const { usernames, answerFor, failure } = listOthers(once);
  if (failure !== undefined) warnOnce(failure.message, failure.hint);
  for (const answer of await answeredHosts(once)) {
    if (answerFor(answer) !== undefined) continue;
    const { serverURL, found } = answer;
    if (found instanceof HelperError) warnOnce(found.message, found.hint);
    else usernames[serverURL] = found.username;
  }
  for (const [line, hint] of warnings) context.warn(line, hint);
  return `${JSON.stringify(usernames)}\n`;
}
