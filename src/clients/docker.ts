import type { Context } from '../context.ts';
import type { Client } from './client.ts';
import { textSetting } from './cred-helpers.ts';
import { credHelpersClient } from './cred-helpers-client.ts';
import { homeFolder, joinPath } from './home.ts';
import { missingStoreNotes, typed } from './notes.ts';

/** Docker CLI and what reads its file: Compose, BuildKit, nerdctl, crane, oras, cosign. */
export const docker: Client = credHelpersClient({
  name: 'docker',
  file: dockerConfigFile,
  logout: (_, key) => logoutCommand(key),
  notes: (context, read) => [
    ...missingStoreNotes(context, read.file, textSetting(read, 'credsStore')),
    ...environmentNotes(context),
  ],
});

/** Source: docker/cli, cli/config/config.go. Throws `misconfigured` where there is no home. */
export function dockerConfigFile(context: Context): string {
  const folder = context.env.DOCKER_CONFIG || joinPath(context, homeFolder(context), '.docker');
  return joinPath(context, folder, 'config.json');
}

/** `docker logout HOST` finds HOST and http(s)://HOST; any other spelling must be typed as it is. */
function logoutCommand(key: string): string {
  return `run docker logout ${typed(key.replace(/^https?:\/\/([^/]*)$/, '$1'))}`;
}

/** Since Docker 28.3. */
function environmentNotes({ env }: Context): string[] {
  if (!env.DOCKER_AUTH_CONFIG) return [];
  const what = 'DOCKER_AUTH_CONFIG is set, and docker asks it before any helper';
  return [`${what}; run unset DOCKER_AUTH_CONFIG`];
}
