import type { Context } from '../context.ts';
import { shellQuoted } from '../visible.ts';
import type { Client, Note } from './client.ts';
import { textSetting } from './cred-helpers.ts';
import { credHelpersClient } from './cred-helpers-client.ts';
import { homeFolder, joinPath } from './home.ts';
import { missingStoreNotes } from './notes.ts';

/** The Docker CLI and other clients that read its file: Compose, BuildKit, crane, oras, cosign. */
export const docker: Client = credHelpersClient({
  name: 'docker',
  file: dockerConfigFile,
  logout: (_, key) => logoutCommand('docker', key),
  notes: (context, read) => [
    ...missingStoreNotes(context, read.file, textSetting(read, 'credsStore')),
    ...environmentNotes(context),
  ],
});

/**
 * nerdctl reads Docker's file too, but looks for `us.icr.io:443` before `us.icr.io`. `nerdctl login` stores the
 * password under the first key, as plain text if no helper is registered for it.
 * Source: containerd/nerdctl, pkg/imgutil/dockerconfigresolver (CanonicalIdentifier, AllIdentifiers).
 */
export const nerdctl: Client = credHelpersClient({
  name: 'nerdctl',
  file: dockerConfigFile,
  keysOf: (host) => [host, `${host}:443`],
  logout: (_, key) => logoutCommand('nerdctl', key),
  notes: (context, read) => missingStoreNotes(context, read.file, textSetting(read, 'credsStore')),
});

/**
 * Returns the path of Docker's `config.json`. Throws `misconfigured` if the home directory is unknown.
 * Source: docker/cli, cli/config/config.go.
 */
export function dockerConfigFile(context: Context): string {
  const folder = context.env.DOCKER_CONFIG || joinPath(context, homeFolder(context), '.docker');
  return joinPath(context, folder, 'config.json');
}

/** `docker logout HOST` removes HOST and http(s)://HOST; other keys must be written exactly. */
function logoutCommand(program: 'docker' | 'nerdctl', key: string): string {
  return `run ${program} logout ${shellQuoted(key.replace(/^https?:\/\/([^/]*)$/, '$1'))}`;
}

/** Docker 28.3 and later read this variable. */
function environmentNotes({ env }: Context): Note[] {
  if (!env.DOCKER_AUTH_CONFIG) return [];
  const message = 'DOCKER_AUTH_CONFIG is set and has precedence over credential helpers in docker';
  return [{ message, hint: 'run unset DOCKER_AUTH_CONFIG' }];
}
