import fs from 'node:fs';
import { ibmHostOf } from '../../clients/auth-host.ts';
import { helperName } from '../../clients/client.ts';
import {
  authsOf,
  type CredHelpersFile,
  entryOf,
  readCredHelpers,
  textSetting,
} from '../../clients/cred-helpers.ts';
import { type Property, propertiesOf } from '../../clients/json-text.ts';
import { typed } from '../../clients/notes.ts';
import { HelperError } from '../../errors.ts';
import { type Finding, fail } from './check.ts';
import { setAside, sudoFor } from './set-aside.ts';

/** A client's file, or what is wrong with it. */
export function readClientFile(file: string, client: string): CredHelpersFile | Finding {
  try {
    return readCredHelpers(file);
  } catch (error) {
    if (!(error instanceof HelperError)) throw error;
    // What `configure` says of its own doing means nothing here.
    const what = error.message.replace(/: (nothing was changed|left as it is|save it as).*$/, '');
    return fail(what, mend(file, what, error, client));
  }
}

export function isFinding(read: CredHelpersFile | Finding): read is Finding {
  return 'state' in read;
}

function mend(file: string, what: string, { code }: HelperError, client: string): string {
  const real = typed(realName(file));
  if (/byte order mark/.test(what)) return `perl -pi -e 's/^\\xEF\\xBB\\xBF//' ${real}`;
  if (/UTF-16/.test(what)) {
    const aside = typed(`${realName(file)}.utf8`);
    return `iconv -f UTF-16 -t UTF-8 ${real} > ${aside} && mv ${aside} ${real}`;
  }
  if (code === 'storage' && /EACCES|EPERM/.test(what))
    return `sudo chown "$(id -u)" ${typed(file)}`;
  return `${setAside(file)} && ${configureCommand(client)}`;
}

/** Editors that write in place would put a file where a link was. */
export function realName(file: string): string {
  try {
    return fs.realpathSync(file);
  } catch {
    return file;
  }
}

export function configureCommand(client: string, hosts: readonly string[] = []): string {
  const which = client === 'docker' ? [] : ['--client', client];
  const each = hosts.flatMap((host) => ['--host', host]);
  return ['docker-credential-icr configure', ...which, ...each].join(' ');
}

/** Whether clients ask this helper for the host, because of this file. */
export function asksUs(read: CredHelpersFile, host: string): boolean {
  const entry = entryOf(read, host);
  return (entry?.value.value ?? textSetting(read, 'credsStore')) === helperName;
}

export function namesUs(read: CredHelpersFile): boolean {
  return (
    textSetting(read, 'credsStore') === helperName ||
    read.entries.some(({ key }) => asksUs(read, key))
  );
}

/** IBM's hosts that the file gives to another helper, or to none. */
export function givenToOthers(read: CredHelpersFile): string[] {
  const keys = new Set(read.entries.map(({ key }) => key));
  return [...keys].filter((key) => ibmHostOf(key) !== undefined && !asksUs(read, key));
}

/** IBM's hosts that the file gives to this helper. */
export function givenToUs(read: CredHelpersFile): string[] {
  const keys = new Set(read.entries.map(({ key }) => key));
  return [...keys].filter((key) => ibmHostOf(key) !== undefined && asksUs(read, key));
}

/** The keys under which `auths` still has a secret for one of IBM's hosts, and that host. */
export function staleAuths(read: CredHelpersFile): (readonly [key: string, host: string])[] {
  const keys = new Set(
    authsOf(read)
      .filter(holdsSecret)
      .map(({ key }) => key),
  );
  return [...keys].flatMap((key) => {
    const host = ibmHostOf(key);
    return host === undefined ? [] : [[key, host] as const];
  });
}

/** Docker leaves `"us.icr.io": {}` behind when a helper keeps the password. */
function holdsSecret({ value }: Property): boolean {
  const names = ['auth', 'password', 'identitytoken', 'registrytoken'];
  return propertiesOf(value).some(
    ({ key, value: { value: secret } }) => names.includes(key.toLowerCase()) && Boolean(secret),
  );
}

/** A command that takes `"key": VALUE` out of a JSON file, with the comma that goes with it. */
export function cutProperty(file: string, key: string, valuePattern: string): string {
  const property = `"${key.replace(/[^\w ]/g, '\\$&').replaceAll("'", '.')}"\\s*:\\s*${valuePattern}`;
  const edit = `s/,\\s*${property}|${property}\\s*,?//i`;
  return `${sudoFor(realName(file))}perl -0pi -e '${edit}' ${typed(realName(file))}`;
}
