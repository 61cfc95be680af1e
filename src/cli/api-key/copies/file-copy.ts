import fs from 'node:fs';
import { planAndApply } from '../../../clients/edit-file.ts';
import { readText } from '../../../clients/read-file.ts';
import type { Context } from '../../../context.ts';
import { HelperError } from '../../../errors.ts';
import { shellQuoted } from '../../../visible.ts';
import type { Copy } from './copy.ts';

/** The only text in a file. */
const whole = 'file';

/** A copy of a key in a file of another program. */
export function fileCopy(context: Context, target: string, file: string): Copy {
  return {
    target,
    read: async () => {
      const before = readText(file);
      if (before === undefined) throw missing(file);
      requirePrivate(context, file);
      return {
        texts: { [whole]: before },
        replace: async ({ [whole]: after }) => {
          const plan = { file, before, after, withoutBackup: true, hosts: [], notes: [] } as const;
          // The temporary file of a killed command is stale after a moment.
          planAndApply(context, () => plan);
        },
      };
    },
  };
}

function missing(file: string): HelperError {
  return new HelperError('invalid-input', `${file} does not exist`, {
    hint: 'use the path of an existing file that contains the API key',
  });
}

/** A group may share the file. On Windows the mode says nothing. */
function requirePrivate({ platform }: Context, file: string): void {
  const mode = fs.statSync(file).mode & 0o777;
  if (platform === 'win32' || (mode & 0o007) === 0) return;
  throw new HelperError('storage', `other users can access ${file} (mode 0${mode.toString(8)})`, {
    hint: `run chmod o-rwx ${shellQuoted(file)}`,
  });
}
