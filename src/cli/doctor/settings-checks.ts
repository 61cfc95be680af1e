import fs from 'node:fs';
import { signedOutFolder } from '../../config/folders.ts';
import { isUsable, type Settings, settingsFile, unusableMapping } from '../../config/settings.ts';
import { HelperError } from '../../errors.ts';
import { attempt } from '../../files/storage-error.ts';
import { everyHost, mappingKeyFor } from '../../identity/lookup.ts';
import { presentation, requirePresentable } from '../../identity/present.ts';
import { own } from '../../json-object.ts';
import { isIbmHost } from '../../registry/match.ts';
import { parseServerURL } from '../../registry/parse.ts';
import { damagedSuffix, fileOf } from '../../secrets/credential-file.ts';
import { shellQuoted } from '../../visible.ts';
import { tokenNotices } from '../expiry-notice.ts';
import {
  type Check,
  type CheckInput,
  type Finding,
  type Findings,
  failure,
  listed,
  ok,
  orElse,
  problem,
  skipped,
  warning,
} from './check.ts';
import { failureAt } from './path-problem.ts';

/** Checks that `config.json` is readable, and that every mapping names an existing identity with a valid user name. */
export const settingsCheck: Check = {
  name: 'settings',
  run: async (input) => {
    const { directory, settings, settingsError } = input.snapshot;
    const file = directory === undefined ? undefined : settingsFile(directory);
    if (settingsError !== undefined) return failureAt(input, settingsError, file, 'file');
    if (file === undefined) return skipped('no configuration directory');
    if (!fs.existsSync(file)) return skipped('none yet');
    const keys = Object.keys(settings.mappings);
    const problems = await Promise.all(keys.map((key) => mappingProblem(settings, key)));
    const count = Object.keys(settings.identities).length;
    return orElse(problems, ok(`${file}, identities: ${count}`));
  },
};

async function mappingProblem(
  { identities, mappings }: Settings,
  key: string,
): Promise<Finding | undefined> {
  const mapping = mappings[key];
  const name = mapping?.identity;
  if (mapping === undefined || name === undefined) {
    const hint = `run docker-credential-icr unmap ${shellQuoted(key)}`;
    return problem(unusableMapping(key).message, hint);
  }
  const host = key === everyHost ? 'all ICR hosts' : key;
  const identity = own(identities, name);
  if (identity === undefined) {
    const what = `the mapping of ${host} names identity ${name}, which does not exist`;
    return problem(what, mapAgain(identities, key));
  }
  // The check of the identity reports an unusable one.
  if (!isUsable(identity)) return undefined;
  const fits = await attempt(() =>
    requirePresentable(identity, presentation(identity, mapping), name),
  );
  if (!(fits instanceof HelperError)) return undefined;
  const { present: _, ...withoutUserName } = identity;
  const hint = `${mapHint(key, name)} --present ${presentation(withoutUserName)}`;
  return problem(`${host}: ${fits.message}`, hint);
}

function mapHint(key: string, identity: string): string {
  return `run docker-credential-icr map ${shellQuoted(key)} ${shellQuoted(identity)}`;
}

function loginHint(key: string): string {
  return `run docker-credential-icr login${key === everyHost ? '' : ` ${shellQuoted(key)}`}`;
}

/** Suggests the only other identity, otherwise a new login. */
function mapAgain(identities: Settings['identities'], key: string): string {
  const [name, another] = Object.keys(identities).filter(
    (each) => identities[each]?.kind !== 'entitlement-key',
  );
  return name !== undefined && another === undefined ? mapHint(key, name) : loginHint(key);
}

/** Checks that at least one host has a credential. */
export const hostsCheck: Check = {
  name: 'hosts',
  run: async (input) => {
    const { answers, settingsError, error, signedOut, directory } = input.snapshot;
    if (error !== undefined && settingsError === undefined) {
      const marks = directory === undefined ? undefined : signedOutFolder(directory);
      return failureAt(input, error, marks, 'directory');
    }
    const names = new Set(answers.map(({ serverURL }) => serverURL));
    const out = [...signedOut].filter((host) => !names.has(host)).sort();
    const problems = listed([
      await damagedLogins(input),
      expiringTokens(input),
      out.map((host) => warning(`${host} is signed out`, endSignOutHint(input, host))),
    ]);
    const count = answers.filter(({ found }) => !(found instanceof HelperError)).length;
    if (count > 0) return [ok(`logged in to ${count} host${count === 1 ? '' : 's'}`), problems];
    if (problems.length > 0) return problems;
    return answers.length > 0 || settingsError !== undefined
      ? skipped('no credential can be read; see the other lines')
      : problem('not logged in', loginHint(everyHost));
  },
};

/** Finds registry tokens of `docker login` that have expired or expire soon. */
function expiringTokens({ snapshot: { answers }, context }: CheckInput): Finding[] {
  return answers.flatMap(({ serverURL, found }) => {
    if (found instanceof HelperError || found.identity !== undefined) return [];
    if (found.username !== 'token' || found.expiresAt === undefined) return [];
    const expiresAt = new Date(found.expiresAt).toISOString();
    const isExpired = found.expiresAt <= context.now();
    return tokenNotices(serverURL, found.expiresAt, context.now()).map(({ message, hint }) => {
      const finding = isExpired ? problem(message, hint) : warning(message, hint);
      return { ...finding, expiresAt };
    });
  });
}

/** Returns the hint for a host that is signed out: to use its identity again, or to log in if it has none. */
export function endSignOutHint({ snapshot: { settings } }: CheckInput, name: string): string {
  const host = parseServerURL(name);
  const key = 'problem' in host ? undefined : mappingKeyFor(settings, host);
  const identity = key === undefined ? undefined : settings.mappings[key]?.identity;
  const isKnown = identity !== undefined && Object.hasOwn(settings.identities, identity);
  return isKnown ? mapHint(name, identity) : loginHint(name);
}

/** Finds unreadable credentials of `docker login`. */
function damagedLogins(input: CheckInput): Promise<Findings> {
  const { store, names, directory } = input.snapshot;
  const reads = names.host.map(async (name) => {
    const read = await attempt(() => store.read({ of: 'host', name }));
    if (!(read instanceof HelperError)) return undefined;
    const host = parseServerURL(name);
    const isIbm = !('problem' in host) && isIbmHost(host);
    const login = `${isIbm ? 'docker-credential-icr' : 'docker'} login ${shellQuoted(name)}`;
    const file = directory === undefined ? '' : fileOf(directory, { of: 'host', name });
    // For an ICR host, `login` saves an identity and would leave the damaged file in place, so it is removed first.
    const files = [file, file + damagedSuffix].filter((each) => fs.existsSync(each));
    const isDamaged = read.code === 'damaged' && files.length > 0;
    if (!isDamaged) return failureAt(input, read, file || undefined, 'file');
    return failure(read, `run rm ${files.map(shellQuoted).join(' ')} && ${login}`);
  });
  return Promise.all(reads);
}
