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
import { ending, fileOf, folderOf, parseCredential, setAsideEnding } from './credential-file.ts';
import type { Credential, SecretKey, SecretStore } from './store-types.ts';

/**
 * One file a credential, `hosts/NAME.json` or `identities/NAME.json` in the configuration folder: no
 * file is shared, so parallel logins lose nothing and readers need no lock.
 */
export function fileStore(context: Context): SecretStore {
  const root = configFolder(context);
  return {
    read: (key) => (root === undefined ? undefined : read(context, fileOf(root, key), key)),
    write: (key, credential, requireOurs = () => {}) => {
      const file = fileOf(requireConfigFolder(context), key);
      try {
        writePrivate(context, file, `${JSON.stringify(credential)}\n`, requireOurs);
      } catch (error) {
        // The rename fails if another command has taken over the lock.
        requireOurs();
        throw error;
      }
    },
    erase: (key, requireOurs = () => {}) => {
      if (root === undefined) return;
      removeUnderLock(context, fileOf(root, key), requireOurs);
      removePrivate(context, fileOf(root, key) + setAsideEnding);
    },
    names: (of) => (root === undefined ? [] : names(context, folderOf(root, of))),
  };
}

/** Removes what killed processes have left of secrets that were being written to files. Throws `storage`. */
export function eraseTemporaries(context: Context): void {
  const root = configFolder(context);
  if (root === undefined) return;
  for (const of of ['host', 'identity'] as const) removeEveryTemporary(context, folderOf(root, of));
}

function names(context: Context, folder: string): string[] {
  const kept = new Set<string>();
  for (const name of namesIn(context, folder)) {
    const file = name.endsWith(setAsideEnding) ? name.slice(0, -setAsideEnding.length) : name;
    if (file.endsWith(ending)) kept.add(decodeName(file.slice(0, -ending.length)));
  }
  return [...kept].sort();
}

function decodeName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function read(context: Context, file: string, key: SecretKey): Credential | undefined {
  const text = readPrivate(context, file);
  if (text === undefined) {
    if (isPresent(context, file + setAsideEnding)) throw damaged(file + setAsideEnding, key);
    return undefined;
  }
  const credential = parseCredential(text);
  return credential ?? setAside(context, file, key);
}

/**
 * Moves what cannot be read out of the way, so that it can be looked at. The name stays taken: until
 * the credential is written or erased, asking for it goes on being an error, not "there is none".
 * Where another process was faster, with a new credential or in setting aside, that one counts.
 */
function setAside(context: Context, file: string, key: SecretKey): Credential | undefined {
  const aside = file + setAsideEnding;
  try {
    renamePrivate(context, file, path.basename(aside));
    const isDamaged = parseCredential(readPrivate(context, aside) ?? '') === undefined;
    if (!isDamaged) renamePrivate(context, aside, path.basename(file));
    else context.warn(`${file} is damaged and was set aside as ${aside}`);
    if (isDamaged) throw damaged(aside, key);
  } catch (error) {
    if (error instanceof HelperError && error.code === 'damaged') throw error;
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
  const again = of === 'host' ? `login ${name}` : `login --identity ${name}`;
  return new HelperError('damaged', `the stored credential of ${name} is damaged (${file})`, {
    hint: `run docker-credential-icr ${again}`,
  });
}
