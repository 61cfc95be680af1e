import fs from 'node:fs';
import { configFolder, requireConfigFolder } from '../config/folders.ts';
import type { Context } from '../context.ts';
import { HelperError, systemCode } from '../errors.ts';
import { cannot, namesIn, readPrivate, removeFile } from '../files.ts';
import { writePrivate } from '../write-file.ts';
import { ending, fileOf, folderOf, parseCredential, setAsideEnding } from './credential-file.ts';
import type { Credential, SecretKey, SecretStore } from './store.ts';

/**
 * One file a credential, `hosts/NAME.json` or `identities/NAME.json` in the configuration folder: no
 * file is shared, so parallel logins lose nothing and readers need no lock.
 */
export function fileStore(context: Context): SecretStore {
  const root = configFolder(context);
  return {
    read: (key) => (root === undefined ? undefined : read(context, fileOf(root, key), key)),
    write: (key, credential) => {
      const file = fileOf(requireConfigFolder(context), key);
      writePrivate(context, file, `${JSON.stringify(credential)}\n`);
    },
    erase: (key) => {
      if (root === undefined) return;
      removeFile(fileOf(root, key));
      removeFile(fileOf(root, key) + setAsideEnding);
    },
    names: (of) => (root === undefined ? [] : names(folderOf(root, of))),
  };
}

function names(folder: string): string[] {
  const kept = new Set<string>();
  for (const name of namesIn(folder)) {
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
    if (fs.existsSync(file + setAsideEnding)) throw damaged(file + setAsideEnding, key);
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
    fs.renameSync(file, aside);
    if (parseCredential(readPrivate(context, aside) ?? '') === undefined) {
      context.warn(`${file} is damaged and was set aside as ${aside}`);
      throw damaged(aside, key);
    }
    fs.renameSync(aside, file);
  } catch (error) {
    if (error instanceof HelperError) throw error;
    if (systemCode(error) !== 'ENOENT') {
      context.warn(cannot('rename', file, error).message);
      throw damaged(file, key);
    }
  }
  return read(context, file, key);
}

function damaged(file: string, { of, name }: SecretKey): HelperError {
  const again = of === 'host' ? `login ${name}` : `login --identity ${name}`;
  return new HelperError(
    'damaged',
    `the stored credential of ${name} is damaged (${file}); run docker-credential-icr ${again}`,
  );
}
