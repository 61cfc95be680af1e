// Functions that every `get` needs, and that would be slower from Node: loading node:path makes a `get` 5 % slower.

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

/** Decodes ASCII; returns undefined for other bytes. The first use of a `TextDecoder` costs half a megabyte of memory. */
export function asciiText(bytes: Uint8Array): string | undefined {
  let text = '';
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte > 0x7f) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}
