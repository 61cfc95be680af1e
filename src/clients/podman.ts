import fs from 'node:fs';
import type { Context } from '../context.ts';
import { shellQuoted } from '../visible.ts';
import type { Client, Note } from './client.ts';
import type { CredHelpersFile } from './cred-helpers.ts';
import { credHelpersClient } from './cred-helpers-client.ts';
import { homeFolder, joinPath } from './home.ts';

/** Directories of the system; tests pass their own. */
interface SystemFolders {
  /** Contains `UID/auth.json`, the file of a session if `XDG_RUNTIME_DIR` is not set. */
  readonly run: string;
  /** Contains the runtime directories `UID`, which podman uses for users other than root. */
  readonly user: string;
  readonly temporary: string;
}

const system: SystemFolders = { run: '/run/containers', user: '/run/user', temporary: '/tmp' };

/**
 * podman, buildah, skopeo: one client for each `auth.json` that must name the helper. On Linux these are the one in the
 * home directory, and last the session's. `podman login` looks for `credHelpers` in the session's file only, and writes
 * passwords into it if there is none; but that file is deleted when the user logs out of the machine, and then the one in
 * the home directory still serves pulls.
 * Source: containers/container-libs, image/pkg/docker/config/config.go (getAuthFilePaths).
 */
export function podmanClients(context: Context, folders: SystemFolders = system): Client[] {
  const { env, platform } = context;
  if (env.REGISTRY_AUTH_FILE) return [authFileClient(env.REGISTRY_AUTH_FILE)];
  if (platform !== 'linux') {
    return [authFileClient(joinPath(context, homeFolder(context), '.config/containers/auth.json'))];
  }
  const configHome = env.XDG_CONFIG_HOME || joinPath(context, homeFolder(context), '.config');
  const lasting = joinPath(context, configHome, 'containers/auth.json');
  const sessions = sessionFiles(context, folders);
  if (sessions.length === 0) return [authFileClient(lasting, [loginNote])];
  return [lasting, ...sessions].map((file) => authFileClient(file));
}

const loginNote: Note = {
  message: 'podman login stores passwords in its own file instead of this helper',
  hint: 'set XDG_RUNTIME_DIR to your runtime directory, or run docker-credential-icr login instead',
};

/**
 * The files that `podman login`, `skopeo login` and `buildah login` write. Without `XDG_RUNTIME_DIR`, these are outside the
 * home directory: always for root, and for other users if the directory that podman chooses exists.
 */
function sessionFiles(context: Context, { run, user, temporary }: SystemFolders): string[] {
  const runtime = context.env.XDG_RUNTIME_DIR;
  if (runtime) {
    return fs.existsSync(runtime) ? [joinPath(context, runtime, 'containers/auth.json')] : [];
  }
  const uid = userId(context);
  if (uid === undefined) return [];
  const own = joinPath(context, run, String(uid), 'auth.json');
  if (uid === 0) return [own];
  const runtimes = [
    joinPath(context, user, String(uid)),
    joinPath(context, temporary, `podman-run-${uid}`),
    joinPath(context, temporary, `storage-run-${uid}`),
  ];
  const chosen = runtimes.filter((folder) => isOwnDirectory(folder, uid));
  return [
    ...chosen.map((folder) => joinPath(context, folder, 'containers/auth.json')),
    ...(fs.existsSync(own) ? [own] : []),
  ];
}

/** Returns the user ID of podman, which is different inside a user namespace. */
function userId({ uid }: Context): number | undefined {
  return uid ?? fs.statSync('/proc/self', { throwIfNoEntry: false })?.uid;
}

/** Other users may make directories of these names in `/tmp`. */
function isOwnDirectory(folder: string, uid: number): boolean {
  const stat = fs.lstatSync(folder, { throwIfNoEntry: false });
  return stat?.isDirectory() === true && stat.uid === uid;
}

function authFileClient(file: string, notes: Note[] = []): Client {
  return credHelpersClient({
    name: 'podman',
    file: () => file,
    kind: 'auth.json',
    logout: logoutCommand,
    notes: () => notes,
  });
}

/** `podman logout` accepts a host with or without namespace, but not a URL. */
function logoutCommand({ file }: CredHelpersFile, key: string): string {
  if (key.includes('://')) return `remove that entry from ${file}`;
  return `run podman logout --authfile ${shellQuoted(file)} ${shellQuoted(key)}`;
}
