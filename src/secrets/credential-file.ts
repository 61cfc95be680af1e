import { secretFolders as folders } from '../config/folders.ts';
import { join } from '../paths.ts';
import type { Credential, SecretKey } from './store-types.ts';

export const extension = '.json';
/** Appended to the name of a damaged file. */
export const damagedSuffix = '.damaged';

/** Returns the path of a credential's file; `root` is the configuration directory. */
export function fileOf(root: string, { of, name }: SecretKey): string {
  return join(join(root, folders[of]), encodeURIComponent(name) + extension);
}

export function folderOf(root: string, of: SecretKey['of']): string {
  return join(root, folders[of]);
}

/** Returns undefined if the text is not a JSON object with the three fields of a credential, none of them empty. */
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
