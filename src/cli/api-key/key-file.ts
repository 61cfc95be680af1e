import fs from 'node:fs';
import { HelperError } from '../../errors.ts';
import { cannot } from '../../files/storage-error.ts';
import type { MadeApiKey } from '../../iam/api-key-changes.ts';

/** An open, empty file for a key. */
interface KeyFile {
  /** Throws `storage`. */
  readonly write: (created: MadeApiKey) => void;
  /** Removes the file. */
  readonly discard: () => void;
}

/**
 * Creates a file with mode 0600. Called before the key is created, because the value of a key that cannot be written would
 * be lost. Throws `invalid-input` if the file exists, and `storage`.
 */
export function openKeyFile(file: string): KeyFile {
  const descriptor = open(file);
  return {
    write: (created) => {
      try {
        fs.writeFileSync(descriptor, `${JSON.stringify(contents(created), null, 2)}\n`);
        fs.fsyncSync(descriptor);
        fs.closeSync(descriptor);
      } catch (error) {
        throw cannot('write', file, error);
      }
    },
    discard: () => fs.unlinkSync(file),
  };
}

function open(file: string): number {
  try {
    return fs.openSync(file, 'wx', 0o600);
  } catch (error) {
    if (!fs.existsSync(file)) throw cannot('write', file, error);
    throw new HelperError('invalid-input', `${file} already exists`, {
      hint: 'use another file name',
    });
  }
}

/** Returns the JSON of `ibmcloud iam api-key-create --file`, which `login --api-key-file` reads. */
function contents({ details, value }: MadeApiKey): object {
  return {
    name: details.name,
    description: details.description ?? '',
    apikey: value,
    createdAt: details.createdAt === undefined ? '' : new Date(details.createdAt).toISOString(),
    locked: details.locked,
    uuid: details.id,
  };
}
