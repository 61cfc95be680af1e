// Replaced by scripts/build.ts with the version of package.json.
declare const BUILD_VERSION: string | undefined;
// Replaced in a release with its commit.
declare const BUILD_COMMIT: string | undefined;

export const version: string = typeof BUILD_VERSION === 'string' ? BUILD_VERSION : '0.0.0-source';

const commit = typeof BUILD_COMMIT === 'string' ? `, ${BUILD_COMMIT}` : '';

/** The output of `version`, in the format of Docker's credential helpers: name (description) version. */
export const versionLine = `docker-credential-icr (IBM Cloud Container Registry${commit}) v${version}`;
