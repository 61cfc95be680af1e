import { secretFolders as folders } from '../config/folders.ts';
import { join } from '../paths.ts';
import type { Credential, SecretKey } from './store-types.ts';

export const ending = '.json';
/** Of a damaged file that was moved out of the way. */
export const setAsideEnding = '.damaged';

/** Where a credential is kept, below the configuration folder. */
export function fileOf(root: string, { of, name }: SecretKey): string {
  return join(join(root, folders[of]), encodeURIComponent(name) + ending);
}

export function folderOf(root: string, of: SecretKey['of']): string {
  return join(root, folders[of]);
}

/** `undefined` for what is no credential. */
export function parseCredential(text: string): Credential | undefined {
  try {
    const { ServerURL, Username, Secret } = JSON.parse(text);
    return isText(ServerURL) && isText(Username) && isText(Secret)
      ? { ServerURL, Username, Secret }
      : undefined;
  } catch {
    return undefined;
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
