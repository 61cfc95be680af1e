import fs from 'node:fs';
import type { Context } from '../context.ts';
import type { Client, Note } from './client.ts';
import type { CredHelpersFile } from './cred-helpers.ts';
import { credHelpersClient } from './cred-helpers-client.ts';
import { homeFolder, joinPath } from './home.ts';
import { shellQuoted } from './notes.ts';

/**
 * Returns a client for each `auth.json` of podman, buildah and skopeo that needs the helper. On Linux there are two:
 * `podman login` reads `credHelpers` only from the session's file, and stores passwords in it otherwise. That file is
 * deleted at the end of the session; pulls then use the file in the home directory.
 * Source: containers/container-libs, image/pkg/docker/config/config.go (getAuthFilePaths).
 */
export function podmanClients(context: Context, runFolder = '/run/containers'): Client[] {
  const { env, platform } = context;
  if (env.REGISTRY_AUTH_FILE) return [authFileClient(env.REGISTRY_AUTH_FILE)];
  if (platform !== 'linux') {
    return [authFileClient(joinPath(context, homeFolder(context), '.config/containers/auth.json'))];
  }
  const configHome = env.XDG_CONFIG_HOME || joinPath(context, homeFolder(context), '.config');
  const permanent = joinPath(context, configHome, 'containers/auth.json');
  const session = sessionFile(context, runFolder);
  if (session === undefined) return [authFileClient(permanent, [loginNote])];
  return [authFileClient(permanent), authFileClient(session)];
}

const loginNote: Note = {
  message: 'podman login stores passwords in its own file instead of this helper',
  hint: 'log in with docker-credential-icr login',
};

/**
 * Returns the session's file. Without `XDG_RUNTIME_DIR`, podman uses a directory outside the home. A file in it has
 * precedence over the permanent one, so it is edited if podman has created it, but it is not created.
 */
function sessionFile(context: Context, runFolder: string): string | undefined {
  const runtime = context.env.XDG_RUNTIME_DIR;
  if (runtime) {
    return fs.existsSync(runtime) ? joinPath(context, runtime, 'containers/auth.json') : undefined;
  }
  const uid = fs.statSync('/proc/self', { throwIfNoEntry: false })?.uid;
  const file = joinPath(context, runFolder, String(uid), 'auth.json');
  return uid !== undefined && fs.existsSync(file) ? file : undefined;
}

function authFileClient(file: string, notes: Note[] = []): Client {
  return credHelpersClient({
    name: 'podman',
    file: () => file,
    logout: logoutCommand,
    notes: () => notes,
  });
}

/** `podman logout` accepts a host with or without namespace, but not a URL. */
function logoutCommand({ file }: CredHelpersFile, key: string): string {
  if (key.includes('://')) return `remove that entry from ${file}`;
  return `run podman logout --authfile ${shellQuoted(file)} ${shellQuoted(key)}`;
}
