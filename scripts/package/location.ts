import { repositoryOf } from './provenance.ts';

/** Where a release can be found by those who install it. */
export interface Location {
  /** The files of a release are at `baseUrl/vVERSION/`. */
  readonly baseUrl: string;
  readonly homepage: string;
}

/**
 * `BASE_URL` and `HOMEPAGE`, else this repository's releases on GitHub, when it is GitHub that builds;
 * `undefined` where nobody says.
 */
export function findLocation(env: NodeJS.ProcessEnv = process.env): Location | undefined {
  const repository = repositoryOf(env);
  const baseUrl = env.BASE_URL || (repository && `${repository}/releases/download`);
  if (!baseUrl) return undefined;
  if (!baseUrl.startsWith('https://')) throw new Error(`BASE_URL is not https://: ${baseUrl}`);
  const homepage = env.HOMEPAGE || repository || new URL(baseUrl).origin;
  return { baseUrl: baseUrl.replace(/\/+$/, ''), homepage };
}
