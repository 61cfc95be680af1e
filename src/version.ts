// Replaced by scripts/build.ts with the version of package.json.
declare const BUILD_VERSION: string | undefined;
// Replaced in a release with the commit it was made from.
declare const BUILD_COMMIT: string | undefined;

export const version: string = typeof BUILD_VERSION === 'string' ? BUILD_VERSION : '0.0.0-source';

const commit = typeof BUILD_COMMIT === 'string' ? `, ${BUILD_COMMIT}` : '';

/** What credential helpers answer to `version`: what it is in parentheses, then the version. */
export const versionLine = `docker-credential-icr (IBM Cloud Container Registry${commit}) v${version}`;
