import fs from 'node:fs';
import { typed } from '../../clients/notes.ts';
import { isUsable, type Settings, settingsFile, unusableMapping } from '../../config/settings.ts';
import { HelperError } from '../../errors.ts';
import { everyHost, mappingKeyFor } from '../../identity/mapping-key.ts';
import { presentation, requirePresentable } from '../../identity/present.ts';
import { isIbmHost } from '../../registry/match.ts';
import { parseServerURL } from '../../registry/parse.ts';
import { damagedSuffix, fileOf } from '../../secrets/credential-file.ts';
import { attempt } from './attempt.ts';
import {
  type Check,
  type Examined,
  type Finding,
  failure,
  ok,
  problem,
  skipped,
  warning,
} from './check.ts';

/** `config.json`: it can be read, and every mapping names an identity that fits. */
export const settingsCheck: Check = {
  name: 'settings',
  run: async ({ look: { folder, settings, settingsError } }) => {
    if (settingsError !== undefined) return failure(settingsError);
    if (folder === undefined) return skipped('there is no directory for them');
    const file = settingsFile(folder);
    if (!fs.existsSync(file)) return skipped('none yet');
    const keys = Object.keys(settings.mappings);
    const problems = await Promise.all(keys.map((key) => mappingProblems(settings, key)));
    const count = Object.keys(settings.identities).length;
    return problems.flat().length > 0 ? problems.flat() : ok(`${file}, identities: ${count}`);
  },
};

async function mappingProblems(
  { identities, mappings }: Settings,
  key: string,
): Promise<Finding[]> {
  const mapping = mappings[key];
  if (mapping === undefined) return [];
  if (mapping.identity === undefined) {
    const hint = `run docker-credential-icr unmap ${typed(key)}`;
    return [problem(unusableMapping(key).message, hint)];
  }
  const [host, name] = [key === everyHost ? 'every host' : key, mapping.identity];
  const identity = Object.hasOwn(identities, name) ? identities[name] : undefined;
  if (identity === undefined) {
    const what = `${host} is mapped to identity ${name}, which does not exist`;
    return [problem(what, mapAgain(identities, key))];
  }
  // The check of the identity itself reports it.
  if (!isUsable(identity)) return [];
  const fits = await attempt(() =>
    requirePresentable(identity, presentation(identity, mapping), name),
  );
  if (!(fits instanceof HelperError)) return [];
  const { present: _, ...usual } = identity;
  const again = `run docker-credential-icr map ${typed(key)} ${typed(name)}`;
  return [problem(`${host}: ${fits.message}`, `${again} --present ${presentation(usual)}`)];
}

/** To the only identity, else to a new one. */
function mapAgain(identities: Settings['identities'], key: string): string {
  const [name, another] = Object.keys(identities).filter(
    (each) => identities[each]?.kind !== 'entitlement-key',
  );
  if (name !== undefined && another === undefined) {
    return `run docker-credential-icr map ${typed(key)} ${typed(name)}`;
  }
  return `run docker-credential-icr login${key === everyHost ? '' : ` ${typed(key)}`}`;
}

/** Which hosts have a credential. */
export const hostsCheck: Check = {
  name: 'hosts',
  run: async (examined) => {
    const { answers, settingsError, error, signedOut } = examined.look;
    if (error !== undefined && settingsError === undefined) return failure(error);
    const names = new Set(answers.map(({ serverURL }) => serverURL));
    const out = [...signedOut].filter((host) => !names.has(host)).sort();
    const problems = [
      ...(await damagedLogins(examined)),
      ...out.map((host) => signedOutFinding(examined, host)),
    ];
    const count = answers.filter(({ found }) => !(found instanceof HelperError)).length;
    if (count > 0) return [ok(`logged in to ${count}`), ...problems];
    if (problems.length > 0) return problems;
    return answers.length > 0 || settingsError !== undefined
      ? skipped('no credential can be read; see the other lines')
      : problem('not logged in', 'run docker-credential-icr login');
  },
};

function signedOutFinding({ look: { settings } }: Examined, name: string): Finding {
  const host = parseServerURL(name);
  const key = 'problem' in host ? undefined : mappingKeyFor(settings, host);
  const identity = key === undefined ? undefined : settings.mappings[key]?.identity;
  const isKnown = identity !== undefined && Object.hasOwn(settings.identities, identity);
  const command = isKnown ? `map ${typed(name)} ${typed(identity)}` : `login ${typed(name)}`;
  return warning(`${name} is signed out`, `run docker-credential-icr ${command}`);
}

/** Credentials that `docker login` stored and that cannot be read. */
async function damagedLogins({ look: { store, folder } }: Examined): Promise<Finding[]> {
  const names = await attempt(() => store.names('host'));
  // `secret store` reports one that does not work.
  if (names instanceof HelperError) return [];
  const reads = names.map(async (name): Promise<Finding[]> => {
    const read = await attempt(() => store.read({ of: 'host', name }));
    if (!(read instanceof HelperError)) return [];
    const host = parseServerURL(name);
    const isIbm = !('problem' in host) && isIbmHost(host);
    const login = `${isIbm ? 'docker-credential-icr' : 'docker'} login ${typed(name)}`;
    const file = folder === undefined ? '' : fileOf(folder, { of: 'host', name });
    // A login to an IBM host maps an identity and leaves this file, which has precedence over other sources.
    const files = [file, file + damagedSuffix].filter((each) => fs.existsSync(each));
    const isDamaged = read.code === 'damaged' && files.length > 0;
    return [
      failure(read, isDamaged ? `run rm ${files.map(typed).join(' ')} && ${login}` : read.hint),
    ];
  });
  return (await Promise.all(reads)).flat();
}
