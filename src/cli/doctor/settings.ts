import fs from 'node:fs';
import { typed } from '../../clients/notes.ts';
import { type Settings, settingsFile } from '../../config/settings.ts';
import { HelperError } from '../../errors.ts';
import { everyHost } from '../../identity/mapping.ts';
import { presentation, requirePresentable } from '../../identity/present.ts';
import { type Check, type Finding, fail, ok, skip } from './check.ts';

/** `config.json`: whether it can be read, and whether what it says fits together. */
export const settingsCheck: Check = {
  name: 'settings',
  run: ({ look }) => {
    if (look.folder === undefined) return skip('there is no folder to keep them in');
    const file = settingsFile(look.folder);
    try {
      const settings = look.settings();
      if (!fs.existsSync(file)) return skip('none yet');
      const problems = Object.keys(settings.mappings).flatMap((key) => problemOf(settings, key));
      const count = Object.keys(settings.identities).length;
      return problems.length > 0 ? problems : ok(`${file}, identities: ${count}`);
    } catch (error) {
      if (!(error instanceof HelperError)) throw error;
      return fail(error.message, mend(file, look.folder, error));
    }
  },
};

function mend(file: string, folder: string, { message }: HelperError): string {
  if (/EACCES|EPERM/.test(message)) return `sudo chown -R "$(id -u)" ${typed(folder)}`;
  return `mv ${typed(file)} ${typed(`${file}.damaged`)} && docker-credential-icr login`;
}

function problemOf({ identities, mappings }: Settings, key: string): Finding[] {
  const mapping = mappings[key];
  if (mapping === undefined) return [];
  const [host, name] = [key === everyHost ? 'every host' : key, mapping.identity];
  const identity = Object.hasOwn(identities, name) ? identities[name] : undefined;
  if (identity === undefined) {
    const fix = `docker-credential-icr unmap ${typed(key)}`;
    return [fail(`${host} is mapped to identity ${name}, which does not exist`, fix)];
  }
  try {
    requirePresentable(identity, presentation(identity, mapping), name);
    return [];
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    const again = `docker-credential-icr map ${typed(key)} ${typed(name)}`;
    const own = presentation({
      kind: identity.kind,
      ...(identity.profile === undefined ? {} : { profile: identity.profile }),
    });
    return [fail(`${host}: ${error.message}`, `${again} --present ${own}`)];
  }
}
