// Of node:path, as much as every `get` needs: to load it costs one a twentieth of its time.

/** A full path, and the name of something in that folder. */
export function join(folder: string, name: string): string {
  const separator = folder.startsWith('/') ? '/' : '\\';
  return folder.endsWith(separator) ? folder + name : folder + separator + name;
}

/** Whether it means the same in every current folder. */
export function isAbsolute(file: string, platform: NodeJS.Platform): boolean {
  return platform === 'win32' ? /^([a-z]:)?[\\/]/i.test(file) : file.startsWith('/');
}

/** The directory of a full path to a file in it. */
export function dirname(file: string): string {
  const end = Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\'));
  return end === 0 ? '/' : file.slice(0, end);
}
