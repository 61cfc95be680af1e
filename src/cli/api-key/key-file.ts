import fs from 'node:fs';
import type { Context } from '../../context.ts';
import { HelperError, systemCode } from '../../errors.ts';
import { actAsOwner } from '../../files/act-as-owner.ts';
import { isSameFile } from '../../files/regular-file.ts';
import { cannot } from '../../files/storage-error.ts';
import type { MadeApiKey } from '../../iam/api-key-changes.ts';

/** An open, empty file for a key. */
interface KeyFile {
  /** Throws `storage`. */
  readonly write: (created: MadeApiKey) => void;
  /** Removes the file, unless another one has its path meanwhile. */
  readonly discard: () => void;
}

/**
 * Creates a file with mode 0600. Called before the key is created, because the value of a key that cannot be written would
 * be lost. In another user's directory, root creates the file with the rights of that user, who then owns it. Throws
 * `invalid-input` if the file exists, and `storage`.
 */
export function openKeyFile(context: Context, file: string): KeyFile {
  const descriptor = actAsOwner(context, file, () => open(file));
  return {
    write: (created) => {
      try {
        fs.writeFileSync(descriptor, `${JSON.stringify(contents(created), null, 2)}\n`);
        fs.fsyncSync(descriptor);
      } catch (error) {
        throw cannot('write', file, error);
      }
    },
    discard: () =>
      actAsOwner(context, file, () => {
        if (isSameFile(file, descriptor)) fs.unlinkSync(file);
      }),
  };
}

function open(file: string): number {
  try {
    return fs.openSync(file, 'wx', 0o600);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw cannot('write', file, error);
    const what = fs.existsSync(file) ? 'already exists' : 'is a dangling symlink';
    throw new HelperError('invalid-input', `${file} ${what}`, { hint: 'use another file name' });
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
