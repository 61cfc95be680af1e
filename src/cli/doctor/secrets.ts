import type { Context } from '../../context.ts';
import { HelperError } from '../../errors.ts';
import { isPresent, readPrivate } from '../../files/private-read.ts';
import { fileOf, parseCredential, setAsideEnding } from '../../secrets/credential-file.ts';
import { fileStore } from '../../secrets/file-store.ts';
import { helperStore } from '../../secrets/helper-store.ts';
import {
  type Credential,
  fileStoreName,
  type SecretKey,
  type SecretStore,
} from '../../secrets/store.ts';
import { once } from './once.ts';

export type Secrets = Pick<SecretStore, 'read' | 'names'>;

/** What the store holds, by its name in the settings. Reading changes nothing, in files either. */
export function secretsIn(
  context: Context,
  folder: string | undefined,
  store: string = fileStoreName,
): Secrets {
  if (store === fileStoreName) {
    const { names } = fileStore(context);
    return {
      names,
      read: (key) => (folder === undefined ? undefined : readStored(context, folder, key)),
    };
  }
  return patient(helperStore(context, store));
}

/** A keychain that is locked lets everybody wait for seconds: it is asked for each thing once, and after a failure for none. */
function patient({ names, read }: SecretStore): Secrets {
  const kept = new Map<string, () => Credential | undefined>();
  let failure: HelperError | undefined;
  const ask = <Value>(find: () => Value): Value => {
    if (failure !== undefined) throw failure;
    try {
      return find();
    } catch (error) {
      if (error instanceof HelperError) failure = error;
      throw error;
    }
  };
  return {
    names: (of) => ask(() => names(of)),
    read: (key) => {
      const name = `${key.of} ${key.name}`;
      const get = kept.get(name) ?? once(() => ask(() => read(key)));
      kept.set(name, get);
      return get();
    },
  };
}

function readStored(context: Context, folder: string, key: SecretKey): Credential | undefined {
  const file = fileOf(folder, key);
  const text = readPrivate(context, file, { tighten: false });
  if (text === undefined && isPresent(context, file + setAsideEnding)) {
    throw damagedSecret(file + setAsideEnding, key);
  }
  const credential = text === undefined ? undefined : parseCredential(text);
  if (text !== undefined && credential === undefined) throw damagedSecret(file, key);
  return credential;
}

function damagedSecret(file: string, { name }: SecretKey): HelperError {
  return new HelperError('damaged', `the stored secret of ${name} is damaged (${file})`);
}
