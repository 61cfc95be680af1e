import type { Context } from './context.ts';

type Environment = Context['env'];

/**
 * Docker, podman, skopeo and Compose use the home directory of the password database if `HOME` is unset or empty, as it
 * is in systemd units and in some CI jobs. `systemHome` throws for a user who is not in the database.
 */
export function withSystemHome(
  env: Environment,
  platform: NodeJS.Platform,
  systemHome: () => string,
): Pick<Context, 'env' | 'isHomeFallback'> {
  if (env.HOME || platform === 'win32') return { env };
  const home = homeOrNone(systemHome);
  return home === '' ? { env } : { env: { ...env, HOME: home }, isHomeFallback: true };
}

function homeOrNone(systemHome: () => string): string {
  try {
    return systemHome();
  } catch {
    return '';
  }
}
