import fs from 'node:fs';
import { typed } from '../../clients/notes.ts';
import { isUsable, type Settings, settingsFile, unusableMapping } from '../../config/settings.ts';
import { HelperError } from '../../errors.ts';
import { everyHost } from '../../identity/mapping-key.ts';
import { presentation, requirePresentable } from '../../identity/present.ts';
import { type Check, type Finding, fail, ok, skip } from './check.ts';
import { setAside } from './set-aside.ts';

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
  return `${setAside(file)} && docker-credential-icr login`;
}

function problemOf({ identities, mappings }: Settings, key: string): Finding[] {
  const mapping = mappings[key];
  if (mapping === undefined) return [];
  if (mapping.identity === undefined)
    return [fail(unusableMapping(key).message, `docker-credential-icr unmap ${typed(key)}`)];
  const [host, name] = [key === everyHost ? 'every host' : key, mapping.identity];
  const identity = Object.hasOwn(identities, name) ? identities[name] : undefined;
  if (identity === undefined) {
    const what = `${host} is mapped to identity ${name}, which does not exist`;
    return [fail(what, mapAgain(identities, key))];
  }
  // The check of the identity itself reports it.
  if (!isUsable(identity)) return [];
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

/** To the only identity that there is, else to a new one. */
function mapAgain(identities: Settings['identities'], key: string): string {
  const [name, another] = Object.keys(identities).filter(
    (each) => identities[each]?.kind !== 'entitlement-key',
  );
  if (name !== undefined && another === undefined) {
    return `docker-credential-icr map ${typed(key)} ${typed(name)}`;
  }
  return `docker-credential-icr login${key === everyHost ? '' : ` ${typed(key)}`}`;
}
