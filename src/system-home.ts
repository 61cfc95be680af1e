import type { Context } from './context.ts';

/**
 * Docker, podman, skopeo and Compose use the home directory of the password database if `HOME` is unset or empty, as it
 * is in systemd units and in some CI jobs. On Windows, services may lack `USERPROFILE`, and the system knows the directory as
 * well. `systemHome` throws for a user who is not in the database.
 */
export function withSystemHome(
  env: Context['env'],
  platform: NodeJS.Platform,
  systemHome: () => string,
): Pick<Context, 'env' | 'isHomeFallback'> {
  const isWindows = platform === 'win32';
  if (isWindows ? env.USERPROFILE : env.HOME) return { env };
  const home = homeOrNone(systemHome);
  if (isWindows) return home === '' ? { env } : { env: { ...env, USERPROFILE: home } };
  return home === '' ? { env } : { env: { ...env, HOME: home }, isHomeFallback: true };
}

function homeOrNone(systemHome: () => string): string {
  try {
    return systemHome();
  } catch {
    return '';
  }
}
