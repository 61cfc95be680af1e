import path from 'node:path';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';

const name = 'docker-credential-icr';

/**
 * The folder of settings and secrets: `DOCKER_CREDENTIAL_ICR_CONFIG_DIR`, else the platform's usual
 * place. The home is the one the environment names, never the user's of the system: rootless podman
 * runs the helper as uid 0 with the user's `HOME`.
 * `undefined` where the environment names no place at all: then nothing is configured here.
 */
export function configFolder({ env, platform }: Context): string | undefined {
  const named = namedFolder(env, 'DOCKER_CREDENTIAL_ICR_CONFIG_DIR');
  if (named !== undefined) return named;
  if (platform === 'win32') return inside(env.APPDATA);
  if (platform === 'darwin') return inside(env.HOME, 'Library', 'Application Support');
  return isAbsolute(env.XDG_CONFIG_HOME)
    ? path.join(env.XDG_CONFIG_HOME, name)
    : inside(env.HOME, '.config');
}

/** The folder of access tokens, which may be deleted at any time; found like `configFolder`. */
export function cacheFolder({ env, platform }: Context): string | undefined {
  const named = namedFolder(env, 'DOCKER_CREDENTIAL_ICR_CACHE_DIR');
  if (named !== undefined) return named;
  if (platform === 'win32') return inside(env.LOCALAPPDATA, 'Cache');
  if (platform === 'darwin') return inside(env.HOME, 'Library', 'Caches');
  return isAbsolute(env.XDG_CACHE_HOME)
    ? path.join(env.XDG_CACHE_HOME, name)
    : inside(env.HOME, '.cache');
}

/** For those who write: `configFolder`, or an error that says what to set. */
export function requireConfigFolder(context: Context): string {
  const folder = configFolder(context);
  if (folder !== undefined) return folder;
  throw new HelperError(
    'misconfigured',
    'there is no home folder to keep anything in; set HOME or DOCKER_CREDENTIAL_ICR_CONFIG_DIR',
  );
}

/** A relative folder would be another one in every repository that is built. */
function namedFolder(env: Context['env'], variable: string): string | undefined {
  const folder = env[variable];
  if (!folder) return undefined;
  if (path.isAbsolute(folder)) return folder;
  throw new HelperError('misconfigured', `${variable} is not a full path; make it one`);
}

function inside(home: string | undefined, ...folders: string[]): string | undefined {
  return isAbsolute(home) ? path.join(home, ...folders, name) : undefined;
}

// The XDG Base Directory Specification: a relative path is to be ignored.
function isAbsolute(folder: string | undefined): folder is string {
  return folder !== undefined && path.isAbsolute(folder);
}
