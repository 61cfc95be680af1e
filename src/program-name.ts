/** The name of the executable. */
export const program = 'docker-credential-icr';
/** The name of this helper in clients' configuration: the part after `docker-credential-`. */
export const helperName = 'icr';

/** Returns the name in clients' configuration of the helper that uses only this identity. */
export function helperOf(identity: string): string {
  return `${helperName}-${identity}`;
}

/** Returns the identity in the name of a helper: `prod` for `icr-prod`; undefined for any other helper, and for `icr`. */
export function identityOfHelper(name: string): string | undefined {
  return name.startsWith(`${helperName}-`) ? name.slice(helperName.length + 1) : undefined;
}

/** Returns true for the name of this helper in clients' configuration, with or without an identity. */
export function isOwnName(name: unknown): boolean {
  return name === helperName || (typeof name === 'string' && identityOfHelper(name) !== undefined);
}

/**
 * Returns the identity that the program's name selects: `prod` for `docker-credential-icr-prod`; undefined for
 * `docker-credential-icr`. The result may be the name of an identity that does not exist, or an empty text.
 *
 * `argv0` is the name as the client typed it: the path of the executable is the target of the symlink. On an interpreter
 * `argv0` is that of the interpreter, and `script` is the name as typed.
 */
export function identityInName(
  argv0: string,
  script: string | undefined,
  platform: NodeJS.Platform,
): string | undefined {
  // The usual name, as clients and the kubelet type it.
  if (argv0 === program || argv0.endsWith(`/${program}`)) return undefined;
  return identityInFile(argv0, platform) ?? identityInFile(script ?? '', platform);
}

/**
 * Returns the identity in the name or path of a program. Ignores the case of the program's name: some file systems find it in
 * any case.
 */
export function identityInFile(file: string, platform: NodeJS.Platform): string | undefined {
  const isWindows = platform === 'win32';
  const start = isWindows
    ? Math.max(file.lastIndexOf('\\'), file.lastIndexOf('/'))
    : file.lastIndexOf('/');
  const base = file.slice(start + 1);
  if (base.length <= program.length || base[program.length] !== '-') return undefined;
  if (base.slice(0, program.length).toLowerCase() !== program) return undefined;
  const isExe = isWindows && base.slice(-4).toLowerCase() === '.exe';
  return base.slice(program.length + 1, isExe ? -4 : undefined);
}

// Replaced by scripts/build.ts with the version of package.json.
declare const BUILD_VERSION: string | undefined;
// Replaced in a release with its commit.
declare const BUILD_COMMIT: string | undefined;

export const version: string = typeof BUILD_VERSION === 'string' ? BUILD_VERSION : '0.0.0-source';

const commit = typeof BUILD_COMMIT === 'string' ? `, ${BUILD_COMMIT}` : '';

/** The output of `version`, in the format of Docker's credential helpers: name (description) version. */
export const versionLine = `docker-credential-icr (IBM Cloud Container Registry${commit}) v${version}`;
