import path from 'node:path';
import { configFolder, requireConfigFolder } from '../config/folders.ts';
import type { Context } from '../context.ts';
import { HelperError, inOneLine, systemCode } from '../errors.ts';
import { isPresent, namesIn, readPrivate } from '../files/private-read.ts';
import {
  removeEveryTemporary,
  removePrivate,
  removeUnderLock,
  renamePrivate,
  writePrivate,
} from '../files/private-write.ts';
import { cannot } from '../files/storage-error.ts';
import { shellQuoted } from '../visible.ts';
import {
  damagedSuffix,
  decodeName,
  extension,
  fileOf,
  folderOf,
  parseCredential,
} from './credential-file.ts';
import type { Credential, SecretKey, SecretStore } from './store-types.ts';

/**
 * Stores each credential in a file of its own, `hosts/NAME.json` or `identities/NAME.json` in the configuration
 * directory, so that parallel logins do not overwrite each other and reading needs no lock.
 */
export function fileStore(context: Context): SecretStore {
  const root = configFolder(context);
  return {
    read: (key) => (root === undefined ? undefined : read(context, fileOf(root, key), key)),
    write: (key, credential, assertLockHeld = () => {}) => {
      const file = fileOf(requireConfigFolder(context), key);
      try {
        writePrivate(context, file, `${JSON.stringify(credential)}\n`, assertLockHeld);
      } catch (error) {
        // The rename fails if another command has taken over the lock.
        assertLockHeld();
        throw error;
      }
    },
    erase: (key, assertLockHeld = () => {}) => {
      if (root === undefined) return;
      removeUnderLock(context, fileOf(root, key), assertLockHeld);
      removePrivate(context, fileOf(root, key) + damagedSuffix);
    },
    names: (of) => (root === undefined ? [] : names(context, folderOf(root, of))),
  };
}

/** Removes the temporary files of killed processes, which may contain secrets. Throws `storage`. */
export function eraseTemporaries(context: Context): void {
  const root = configFolder(context);
  if (root === undefined) return;
  for (const of of ['host', 'identity'] as const) removeEveryTemporary(context, folderOf(root, of));
}

function names(context: Context, directory: string): string[] {
  const stored = new Set<string>();
  for (const name of namesIn(context, directory)) {
    const file = name.endsWith(damagedSuffix) ? name.slice(0, -damagedSuffix.length) : name;
    if (file.endsWith(extension)) stored.add(decodeName(file.slice(0, -extension.length)));
  }
  return [...stored].sort();
}

function read(context: Context, file: string, key: SecretKey): Credential | undefined {
  const text = readPrivate(context, file);
  if (text === undefined) {
    if (isPresent(context, file + damagedSuffix)) throw damaged(file + damagedSuffix, key);
    return undefined;
  }
  const credential = parseCredential(text);
  return credential ?? renameDamaged(context, file, key);
}

/**
 * Renames a damaged file, so that the user can inspect it, and throws `damaged`. As long as the renamed file exists,
 * reading the credential throws `damaged` instead of "not found"; writing or erasing it ends that. Then reads the
 * credential again, because another process may have replaced or renamed the file meanwhile.
 */
function renameDamaged(context: Context, file: string, key: SecretKey): Credential | undefined {
  const renamed = file + damagedSuffix;
  try {
    renamePrivate(context, file, path.basename(renamed));
    // The file that was read may have been replaced before it was renamed.
    const isDamaged = parseCredential(readPrivate(context, renamed) ?? '') === undefined;
    if (isDamaged) context.warn(`${file} is damaged and was renamed to ${renamed}`);
    else renamePrivate(context, renamed, path.basename(file));
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') {
      context.warn(
        error instanceof HelperError ? inOneLine(error) : cannot('rename', file, error).message,
      );
      throw damaged(file, key);
    }
  }
  return read(context, file, key);
}

function damaged(file: string, { of, name }: SecretKey): HelperError {
  const login =
    of === 'host' ? `login ${shellQuoted(name)}` : `login --identity ${shellQuoted(name)}`;
  return new HelperError('damaged', `the stored credential of ${name} is damaged (${file})`, {
    hint: `run docker-credential-icr ${login}`,
  });
}
