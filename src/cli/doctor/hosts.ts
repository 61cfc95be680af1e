import fs from 'node:fs';
import { typed } from '../../clients/notes.ts';
import { HelperError } from '../../errors.ts';
import { mappingKeyFor } from '../../identity/mapping-key.ts';
import { signedOutHosts } from '../../identity/signed-out.ts';
import { isIbmHost } from '../../registry/match.ts';
import { parseServerURL } from '../../registry/parse.ts';
import { fileOf, setAsideEnding } from '../../secrets/credential-file.ts';
import { type Check, type Examined, type Finding, fail, ok, skip, warn } from './check.ts';

/** Which hosts are answered, and what keeps the others from it. */
export const hosts: Check = {
  name: 'hosts',
  run: (examined) => {
    const { context, look } = examined;
    const answers = look.answers();
    const answered = answers.filter(({ found }) => !(found instanceof HelperError));
    const names = new Set(answers.map(({ serverURL }) => serverURL));
    const signedOut = readable(() => [...signedOutHosts(context)])
      .filter((host) => !names.has(host))
      .sort();
    const problems = [
      ...damagedLogins(examined),
      ...signedOut.map((host) => signedOutFinding(examined, host)),
    ];
    if (answered.length > 0) return [ok(`${answered.length} are answered`), ...problems];
    if (problems.length > 0) return problems;
    if (answers.length > 0 || !look.areSettingsReadable())
      return skip('none is answered, for the reasons in other lines');
    return fail('none is answered: nobody has logged in', 'docker-credential-icr login');
  },
};

/** Somebody wanted it so; the one who wonders why a pull fails may be somebody else. */
function signedOutFinding({ look }: Examined, name: string): Finding {
  const host = parseServerURL(name);
  const settings = look.readableSettings();
  const key = 'problem' in host ? undefined : mappingKeyFor(settings, host);
  const identity = key === undefined ? undefined : settings.mappings[key]?.identity;
  const fix =
    identity !== undefined && Object.hasOwn(settings.identities, identity)
      ? `docker-credential-icr map ${typed(name)} ${typed(identity)}`
      : `docker-credential-icr login ${typed(name)}`;
  return warn(`${name} is signed out: nothing answers for it`, fix);
}

/** What `docker login` stored for a host, and nobody can read any more. */
function damagedLogins({ look }: Examined): Finding[] {
  return readable(() => look.secrets().names('host')).flatMap((name) => {
    try {
      look.secrets().read({ of: 'host', name });
      return [];
    } catch (error) {
      if (!(error instanceof HelperError)) throw error;
      return [fail(error.message, forget(look.folder, name, error))];
    }
  });
}

/** What cannot be read, and a store that does not answer, have lines of their own. */
function readable(names: () => string[]): string[] {
  try {
    return names();
  } catch (error) {
    if (error instanceof HelperError) return [];
    throw error;
  }
}

function forget(folder: string | undefined, name: string, { code }: HelperError): string {
  if (code !== 'damaged' || folder === undefined) return `docker logout ${typed(name)}`;
  const file = fileOf(folder, { of: 'host', name });
  const files = [file, file + setAsideEnding].filter((each) => fs.existsSync(each));
  const host = parseServerURL(name);
  const again =
    'problem' in host || !isIbmHost(host) ? 'docker login' : 'docker-credential-icr login';
  return `rm ${files.map(typed).join(' ')} && ${again} ${typed(name)}`;
}
