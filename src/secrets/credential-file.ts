import { secretFolders as folders } from '../config/folders.ts';
import { isText, parseObject } from '../json-object.ts';
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
  const { ServerURL, Username, Secret } = parseObject(text) ?? {};
  return isText(ServerURL) && isText(Username) && isText(Secret)
    ? { ServerURL, Username, Secret }
    : undefined;
}

/** Returns the name that is encoded in the name of a file or keychain entry; other text unchanged. */
export function decodeName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
