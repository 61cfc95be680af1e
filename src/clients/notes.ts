import type { Context } from '../context.ts';
import { isOnPath } from '../files/executables.ts';
import { isText } from '../json-object.ts';
import { helperName } from '../program-name.ts';
import type { AddOptions, Note } from './client.ts';
import { authsOf, type CredHelpersFile, entryOf, ibmHostOf } from './cred-helpers.ts';
import { type Property, propertiesOf } from './json-text.ts';

/** Makes a text from a file safe for a terminal: only printable ASCII, at most 100 characters. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 100);
}

/** Returns a warning for each host whose entry names another helper. */
export function otherHelperNotes(
  client: string,
  read: CredHelpersFile,
  hosts: readonly string[],
  { force = false }: AddOptions,
): Note[] {
  return hosts.map((host) => {
    const value = entryOf(read, host)?.value.value;
    const other = isText(value) ? `helper "${printable(value)}"` : 'no helper';
    if (force) return { message: `${host} had ${other} before` };
    const command = `docker-credential-icr configure --client ${client} --host ${host} --force`;
    return {
      message: `${host} has ${other} and was not changed`,
      hint: `run ${command} to replace the entry`,
    };
  });
}

/**
 * Returns a warning for each password or identity token of the hosts in `auths`, with any path, port or scheme: it is
 * stored in plain text, and clients read some of these entries instead of calling the helper.
 */
export function staleAuthNotes(
  read: CredHelpersFile,
  hosts: readonly string[],
  /** Returns how to remove an entry, such as `run docker logout us.icr.io`. */
  logout: (key: string) => string,
): Note[] {
  const keys = secretKeys(read).filter((key) => hosts.includes(ibmHostOf(key) ?? ''));
  return keys.map((key) => {
    const login = `docker-credential-icr login ${ibmHostOf(key)}`;
    return {
      message: `auths has a password for ${printable(key)} in plain text`,
      hint: `${logout(key)}, then ${login}`,
    };
  });
}

/** Returns the keys of ICR hosts in `auths` that have a secret. */
export function secretKeys(read: CredHelpersFile): string[] {
  const keys = authsOf(read)
    .filter(holdsSecret)
    .map(({ key }) => key);
  return [...new Set(keys)].filter((key) => ibmHostOf(key) !== undefined);
}

/** Returns false for an entry without a secret, such as `"us.icr.io": {}`, which Docker writes if it uses a helper. */
function holdsSecret({ value }: Property): boolean {
  const secrets = ['auth', 'password', 'identitytoken', 'registrytoken'];
  return propertiesOf(value).some(
    (field) => secrets.includes(field.key.toLowerCase()) && Boolean(field.value.value),
  );
}

/** Returns a warning if the `credsStore` helper is not on PATH: Docker Desktop leaves `desktop.exe` behind in WSL. */
export function missingStoreNotes(
  context: Context,
  file: string,
  store: string | undefined,
): Note[] {
  if (!store || store === helperName || isOnPath(context, `docker-credential-${store}`)) return [];
  const program = `docker-credential-${printable(store)}`;
  return [
    {
      message: `credsStore is "${printable(store)}", but ${program} is not on PATH: docker build fails`,
      hint: `install ${program}, or remove credsStore from ${file}`,
    },
  ];
}
