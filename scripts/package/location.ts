import { repositoryOf } from './provenance.ts';

/** The public addresses of a release. */
export interface Location {
  /** The files of a release are at `baseUrl/vVERSION/`. */
  readonly baseUrl: string;
  readonly homepage: string;
}

/**
 * Returns the addresses from `BASE_URL` and `HOMEPAGE`. If they are not set and the build runs on GitHub, returns those
 * of this repository's releases, otherwise undefined.
 */
export function findLocation(env: NodeJS.ProcessEnv = process.env): Location | undefined {
  const repository = repositoryOf(env);
  const baseUrl = env.BASE_URL || (repository && `${repository}/releases/download`);
  if (!baseUrl) return undefined;
  if (!baseUrl.startsWith('https://')) throw new Error(`BASE_URL is not https://: ${baseUrl}`);
  const homepage = env.HOMEPAGE || repository || new URL(baseUrl).origin;
  return { baseUrl: baseUrl.replace(/\/+$/, ''), homepage };
}
