// Replaced by scripts/build.ts with the version of package.json.
declare const BUILD_VERSION: string | undefined;

export const version: string = typeof BUILD_VERSION === 'string' ? BUILD_VERSION : '0.0.0-source';
