import fs from 'node:fs';
import type { Context } from '../context.ts';
import type { Client } from './client.ts';
import type { CredHelpersFile } from './cred-helpers.ts';
import { credHelpersClient } from './cred-helpers-client.ts';
import { homeFolder, joinPath } from './home.ts';
import { typed } from './notes.ts';

/**
 * podman, buildah, skopeo: one client for each `auth.json` that must name the helper. On Linux these
 * are two. `podman login` looks for `credHelpers` in the session's file only, and writes passwords
 * into it where there is none; but that file is gone when the person logs out of the machine, and
 * then the one in the home folder goes on answering pulls.
 * Source: containers/container-libs, image/pkg/docker/config/config.go (getAuthFilePaths).
 */
export function podmanClients(context: Context, runFolder = '/run/containers'): Client[] {
  const { env, platform } = context;
  if (env.REGISTRY_AUTH_FILE) return [authFileClient(env.REGISTRY_AUTH_FILE)];
  if (platform !== 'linux') {
    return [authFileClient(joinPath(context, homeFolder(context), '.config/containers/auth.json'))];
  }
  const configHome = env.XDG_CONFIG_HOME || joinPath(context, homeFolder(context), '.config');
  const lasting = joinPath(context, configHome, 'containers/auth.json');
  const session = sessionFile(context, runFolder);
  if (session === undefined) return [authFileClient(lasting, [pastUs])];
  return [authFileClient(lasting), authFileClient(session)];
}

const pastUs =
  'podman login would keep the password in its own file, past this helper; ' +
  'to sign in, run docker-credential-icr login';

/**
 * Without `XDG_RUNTIME_DIR` podman uses a folder outside the home: there, a file that podman made is
 * edited, because it is read before ours, but none is begun.
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

function authFileClient(file: string, notes: string[] = []): Client {
  return credHelpersClient({
    name: 'podman',
    file: () => file,
    logout: logoutCommand,
    notes: () => notes,
  });
}

/** `podman logout` takes host and namespace; what was written as a URL it does not find. */
function logoutCommand({ file }: CredHelpersFile, key: string): string {
  if (key.includes('://')) return `take that entry out of ${file}`;
  return `run podman logout --authfile ${typed(file)} ${typed(key)}`;
}
