import { invalidInput } from '../errors.ts';
import { acceptsUserName } from '../identity/present.ts';
import { requireProfile } from '../identity/profile.ts';
import type { RegistryHost } from '../registry/parse.ts';
import { keyringKey, requirePullHost } from './keyring-key.ts';
import { requireObjectName } from './manifest-options.ts';
import { secretNames } from './refreshed-secret.ts';

export interface RefresherChoice {
  readonly keys: readonly { readonly text: string; readonly host: RegistryHost }[];
  readonly selector: string;
  readonly secretName: string;
  readonly profile: string | undefined;
  /** Either a file or a Secret with an API key. */
  readonly apiKeyFile: string | undefined;
  readonly name: string;
  readonly serviceAccounts: readonly string[];
}

/** Returns the keys of the Secrets' entries. Throws `invalid-input` for options that cannot be used. */
export function checkRefresher(choice: RefresherChoice): string[] {
  const { keys, selector, secretName, profile, apiKeyFile, name, serviceAccounts } = choice;
  if (keys.length === 0) {
    throw invalidInput(
      '--host is missing',
      'use --host with the registry of your images, such as us.icr.io',
    );
  }
  const names = secretNames({ secretName, serviceAccounts });
  for (const each of [...serviceAccounts, ...names]) requireObjectName(each);
  // IBM's managed clusters create these.
  const reserved = names.find((each) => /-icr-io$/.test(each));
  if (reserved !== undefined) {
    throw invalidInput(`${reserved} is a Secret of the cluster`, 'use another --secret-name');
  }
  if (!/^[\w./=!,() -]+$/.test(selector)) {
    throw invalidInput('invalid --selector', 'use --selector LABEL=VALUE');
  }
  if (!/^[a-z0-9-]{1,63}\/[a-z0-9.-]{1,253}$/.test(name)) {
    throw invalidInput(
      'invalid --name; expected NAMESPACE/NAME',
      'use --name icr-refresher/refresher',
    );
  }
  if (profile !== undefined) requireProfile(profile);
  if (profile !== undefined && apiKeyFile !== undefined) {
    throw invalidInput(
      'a trusted profile and an API key cannot be used together',
      'use --trusted-profile or the API key',
    );
  }
  return [...new Set(keys.map(({ text, host }) => entryOf(text, host)))];
}

function entryOf(text: string, host: RegistryHost): string {
  const key = requirePullHost(text, host);
  if (acceptsUserName(host, 'iambearer'))
    return keyringKey(key.replace(/\/.*/, ''), host.namespace);
  throw invalidInput(`${host.name} does not accept access tokens`, 'use kubernetes secret for it');
}
