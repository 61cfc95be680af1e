import fs from 'node:fs';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { nodeFiles } from '../files/file-readers.ts';
import { listFallback } from '../identity/fallback-helper.ts';
import { answeredHosts } from '../identity/hosts.ts';
import { listInput } from '../secrets/helper-process.ts';
import { readInput } from '../standard-input.ts';
import { ownEntryError } from './pass-on.ts';

/**
 * Throws `misconfigured` if this program has called itself in a credential helper loop. Then standard input is a regular
 * file on Linux; nothing else is read, because docker-py and other clients leave a pipe open.
 */
async function assertNoLoop(context: Context): Promise<void> {
  if (context.platform !== 'linux') return;
  const stat = fs.fstatSync(context.stdin);
  if (!stat.isFile() || stat.size !== listInput.length) return;
  if ((await readInput(context)) === listInput) throw ownEntryError();
}

/**
 * Returns the user name for each host that has a credential, without network access. Damaged credentials are omitted with a
 * warning, because an error would make `docker build` fail for all registries.
 */
export async function list(context: Context): Promise<string> {
  await assertNoLoop(context);
  // A problem with the settings or a keychain affects every host but is reported once.
  const warnings = new Map<string, string | undefined>();
  const warnOnce = (line: string, hint?: string) => void warnings.set(line, hint);
  const once = { ...context, files: nodeFiles, warn: warnOnce };
  const { usernames, answerFor, failure } = listFallback(once);
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
