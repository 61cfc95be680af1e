import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { isAbsolute, join } from '../fast-path.ts';

const name = 'docker-credential-icr';
const signedOutName = 'signed-out';
/** The directories of stored secrets: one for hosts, one for identities. */
export const secretFolders = { host: 'hosts', identity: 'identities' } as const;

type Environment = Pick<Context, 'env' | 'platform'>;

/**
 * Returns the directory of settings and secrets: `DOCKER_CREDENTIAL_ICR_CONFIG_DIR`, or the platform's default. Returns
 * undefined if there is no home directory at all. `HOME` has precedence over the password database, because rootless
 * podman runs the helper as uid 0 with the user's `HOME`.
 */
export function configFolder(context: Environment): string | undefined {
  const { env, platform } = context;
  const named = namedFolder(context, 'DOCKER_CREDENTIAL_ICR_CONFIG_DIR');
  if (named !== undefined) return named;
  if (platform === 'win32') return ofWindows(context, 'APPDATA', 'AppData\\Roaming');
  if (platform === 'darwin') return inside(platform, env.HOME, 'Library/Application Support');
  return inside(platform, env.XDG_CONFIG_HOME) ?? inside(platform, env.HOME, '.config');
}

/** Returns the directory of cached tokens, which can be deleted at any time. Determined like `configFolder`. */
export function cacheFolder(context: Environment): string | undefined {
  const { env, platform } = context;
  const named = namedFolder(context, 'DOCKER_CREDENTIAL_ICR_CACHE_DIR');
  if (named !== undefined) return named;
  if (platform === 'win32') return ofWindows(context, 'LOCALAPPDATA', 'AppData\\Local', 'Cache');
  if (platform === 'darwin') return inside(platform, env.HOME, 'Library/Caches');
  return inside(platform, env.XDG_CACHE_HOME) ?? inside(platform, env.HOME, '.cache');
}

/** Returns the directory of settings and secrets. Throws `misconfigured` if `configFolder` returns undefined. */
export function requireConfigFolder(context: Environment): string {
  const folder = configFolder(context);
  if (folder !== undefined) return folder;
  throw new HelperError('misconfigured', 'no configuration directory', {
    hint: `set ${context.platform === 'win32' ? 'APPDATA' : 'HOME'} or DOCKER_CREDENTIAL_ICR_CONFIG_DIR`,
  });
}

/** Throws `misconfigured` for a relative path: it would be another directory in each repository. */
function namedFolder({ env, platform }: Environment, variable: string): string | undefined {
  const folder = env[variable];
  if (!folder) return undefined;
  if (isAbsolute(folder, platform)) return folder;
  throw new HelperError('misconfigured', `${variable} is not an absolute path`, {
    hint: `set ${variable} to an absolute path`,
  });
}

/** Returns the directory of the access log; undefined if there is no home directory. */
export function accessLogFolder(context: Environment): string | undefined {
  const folder = configFolder(context);
  return folder === undefined ? undefined : join(folder, 'access-log');
}

/** Separates host and identity in the name of a sign-out mark. Neither contains it. */
export const markSeparator = '@';

/** Returns the name of the sign-out mark of a host: the host, or `host@NAME` for `docker-credential-icr-NAME`. */
export function signOutMark({ identity }: Pick<Context, 'identity'>, hostKey: string): string {
  return identity === undefined ? hostKey : hostKey + markSeparator + identity;
}

/** Returns the file of a sign-out mark: if it exists, the host is signed out. */
export function signedOutFile(folder: string, mark: string): string {
  return join(join(folder, signedOutName), mark);
}

export function signedOutFolder(folder: string): string {
  return join(folder, signedOutName);
}

/** Returns a directory in the one that the variable names, or that it usually names: services may lack the variable. */
function ofWindows(
  { env, platform }: Environment,
  variable: string,
  usual: string,
  below?: string,
): string | undefined {
  const { USERPROFILE: home } = env;
  return inside(platform, env[variable] || (home ? join(home, usual) : undefined), below);
}

// The XDG Base Directory Specification requires that relative paths are ignored.
function inside(
  platform: NodeJS.Platform,
  parent: string | undefined,
  below?: string,
): string | undefined {
  if (parent === undefined || !isAbsolute(parent, platform)) return undefined;
  return join(below === undefined ? parent : join(parent, below), name);
}
