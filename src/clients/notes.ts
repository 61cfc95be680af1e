import type { Context } from '../context.ts';
import { isOnPath } from '../files/executables.ts';
import { ibmHostOf } from './auth-host.ts';
import { type AddOptions, helperName } from './client.ts';
import { authsOf, type CredHelpersFile, entryOf } from './cred-helpers.ts';
import { type Property, propertiesOf } from './json-text.ts';

/** A text from somebody's file, fit for a terminal: no control characters, and not endless. */
export function shown(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 100);
}

/** A text as an argument to type in a shell. */
export function typed(text: string): string {
  const safe = text.replace(/\p{Cc}/gu, '?');
  return /^[\w./:@-]+$/.test(safe) ? safe : `'${safe.replaceAll("'", "'\\''")}'`;
}

/** A line for each host whose entry names another helper. */
export function otherHelperNotes(
  client: string,
  read: CredHelpersFile,
  hosts: readonly string[],
  { force = false }: AddOptions,
): string[] {
  return hosts.map((host) => {
    const value = entryOf(read, host)?.value.value;
    const other =
      typeof value === 'string' && value !== '' ? `helper "${shown(value)}"` : 'no helper';
    if (force) return `${host} had ${other} before`;
    const command = `docker-credential-icr configure --client ${client} --host ${host} --force`;
    return `${host} has ${other}: left alone; to change it, run ${command}`;
  });
}

/**
 * A line for each password or identity token that `auths` still holds for one of the hosts, under any
 * spelling: clients read some spellings past the helper, and it lies there in plain text anyway.
 */
export function staleAuthNotes(
  read: CredHelpersFile,
  hosts: readonly string[],
  /** What takes the entry out: a phrase for a sentence, such as `run docker logout us.icr.io`. */
  logout: (key: string) => string,
): string[] {
  const keys = authsOf(read)
    .filter((entry) => holdsSecret(entry) && hosts.includes(ibmHostOf(entry.key) ?? ''))
    .map(({ key }) => key);
  return [...new Set(keys)].map((key) => {
    const host = ibmHostOf(key);
    const again = `then docker-credential-icr login ${host}`;
    return `auths still holds a password for ${shown(key)} in plain text; ${logout(key)}, ${again}`;
  });
}

/** Docker leaves `"us.icr.io": {}` behind when a helper keeps the password: that is no secret. */
export function holdsSecret({ value }: Property): boolean {
  const secrets = ['auth', 'password', 'identitytoken', 'registrytoken'];
  return propertiesOf(value).some(
    (field) => secrets.includes(field.key.toLowerCase()) && Boolean(field.value.value),
  );
}

/** `credsStore` may name what is not there: Docker Desktop leaves `desktop.exe` behind in WSL. */
export function missingStoreNotes(
  context: Context,
  file: string,
  store: string | undefined,
): string[] {
  if (!store || store === helperName || isOnPath(context, `docker-credential-${store}`)) return [];
  const what = `credsStore is "${shown(store)}", and no docker-credential-${shown(store)} is on PATH`;
  return [
    `${what}: docker build stops at it; if it is gone for good, take that line out of ${file}`,
  ];
}
