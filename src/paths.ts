// The functions of node:path that every `get` needs: loading node:path would make it 5 % slower.

/** Joins an absolute directory and a name in it. */
export function join(folder: string, name: string): string {
  const separator = folder.startsWith('/') ? '/' : '\\';
  return folder.endsWith(separator) ? folder + name : folder + separator + name;
}

/** Returns true if the path does not depend on the current directory. */
export function isAbsolute(file: string, platform: NodeJS.Platform): boolean {
  return platform === 'win32' ? /^([a-z]:)?[\\/]/i.test(file) : file.startsWith('/');
}

/** Returns the directory of an absolute path, except on Windows. */
export function dirname(file: string): string {
  const end = file.lastIndexOf('/');
  return end === 0 ? '/' : file.slice(0, end);
}
