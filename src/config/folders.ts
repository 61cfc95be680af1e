import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { isAbsolute, join } from '../paths.ts';

const name = 'docker-credential-icr';
const signedOutName = 'signed-out';
/** The directories of stored secrets, by what a secret is for. */
export const secretFolders = { host: 'hosts', identity: 'identities' } as const;

type Where = Pick<Context, 'env' | 'platform'>;

/**
 * The directory of settings and secrets: `DOCKER_CREDENTIAL_ICR_CONFIG_DIR`, else the platform's usual one. `HOME` has
 * precedence over the password database, because rootless podman runs the helper as uid 0 with the user's `HOME`.
 * Returns undefined if there is no home directory at all.
 */
export function configFolder(context: Where): string | undefined {
  const { env, platform } = context;
  const named = namedFolder(context, 'DOCKER_CREDENTIAL_ICR_CONFIG_DIR');
  if (named !== undefined) return named;
  if (platform === 'win32') return inside(platform, env.APPDATA);
  if (platform === 'darwin') return inside(platform, env.HOME, 'Library/Application Support');
  return inside(platform, env.XDG_CONFIG_HOME) ?? inside(platform, env.HOME, '.config');
}

/** The folder of access tokens, which may be deleted at any time; found like `configFolder`. */
export function cacheFolder(context: Where): string | undefined {
  const { env, platform } = context;
  const named = namedFolder(context, 'DOCKER_CREDENTIAL_ICR_CACHE_DIR');
  if (named !== undefined) return named;
  if (platform === 'win32') return inside(platform, env.LOCALAPPDATA, 'Cache');
  if (platform === 'darwin') return inside(platform, env.HOME, 'Library/Caches');
  return inside(platform, env.XDG_CACHE_HOME) ?? inside(platform, env.HOME, '.cache');
}

/** For those who write: `configFolder`, or an error that says what to set. */
export function requireConfigFolder(context: Where): string {
  const folder = configFolder(context);
  if (folder !== undefined) return folder;
  throw new HelperError('misconfigured', 'no configuration directory', {
    hint: 'set HOME or DOCKER_CREDENTIAL_ICR_CONFIG_DIR',
  });
}

/** A relative folder would be another one in every repository that is built. */
function namedFolder({ env, platform }: Where, variable: string): string | undefined {
  const folder = env[variable];
  if (!folder) return undefined;
  if (isAbsolute(folder, platform)) return folder;
  throw new HelperError('misconfigured', `${variable} is not an absolute path`, {
    hint: `set ${variable} to an absolute path`,
  });
}

/** There where somebody signed out of that host. */
export function signedOutFile(folder: string, hostKey: string): string {
  return join(join(folder, signedOutName), hostKey);
}

export function signedOutFolder(folder: string): string {
  return join(folder, signedOutName);
}

// The XDG Base Directory Specification: a relative path is to be ignored.
function inside(
  platform: NodeJS.Platform,
  parent: string | undefined,
  below?: string,
): string | undefined {
  if (parent === undefined || !isAbsolute(parent, platform)) return undefined;
  return join(below === undefined ? parent : join(parent, below), name);
}
