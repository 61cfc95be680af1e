import fs from 'node:fs';
import path from 'node:path';
import type { Context } from '../context.ts';
import type { Client, Note } from './client.ts';
import { textSetting } from './cred-helpers.ts';
import { credHelpersClient } from './cred-helpers-client.ts';
import { homeFolder, joinPath } from './home.ts';
import { missingStoreNotes, shellQuoted } from './notes.ts';

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

/**
 * Returns a client for each configuration file that buildx 0.31 and later use for one registry or repository:
 * `$BUILDX_CONFIG/config/HOST[/REPOSITORY][@SCOPE]/config.json`. `configure` creates none, but removes entries.
 */
export function buildxClients(context: Context): Client[] {
  return buildxFiles(context).map(({ file }) =>
    credHelpersClient({
      name: 'buildx',
      file: () => file,
      logout: () => `remove that entry from ${file}`,
      notes: () => [],
    }),
  );
}

/** A file of buildx. */
export interface BuildxFile {
  readonly file: string;
  /** The host that its directory names. */
  readonly host: string;
  /** `HOST[/REPOSITORY][@SCOPE]`. */
  readonly name: string;
}

/** Source: docker/buildx, util/dockerutil/dockerconfig/configprovider.go. */
export function buildxFiles(context: Context): BuildxFile[] {
  const folder = buildxFolder(context);
  return configFiles(folder).map((file) => {
    const name = path.relative(folder, path.dirname(file)).replaceAll(path.sep, '/');
    return { file, name, host: name.replace(/[/@].*/, '') };
  });
}

export function buildxFolder(context: Context): string {
  const folder =
    context.env.BUILDX_CONFIG ||
    joinPath(context, path.dirname(dockerConfigFile(context)), 'buildx');
  return joinPath(context, folder, 'config');
}

function configFiles(folder: string): string[] {
  try {
    const names = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' });
    return names
      .filter((name) => path.basename(name) === 'config.json')
      .sort()
      .map((name) => path.join(folder, name));
  } catch {
    // The directory does not exist.
    return [];
  }
}
