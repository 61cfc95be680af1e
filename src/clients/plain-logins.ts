import type { Credential } from '../secrets/store-types.ts';
import { hasControlCharacter } from '../visible.ts';
import { ibmHostOf } from './auth-host.ts';
import { authsOf, type CredHelpersFile, entryOf } from './cred-helpers.ts';
import { type Property, propertiesOf } from './json-text.ts';

/**
 * What `docker login` keeps as plain text in `auths` where no store is named. As soon as one is, Docker looks
 * for passwords there only. Source: docker/cli, cli/config/configfile and cli/config/credentials.
 */
export function plainLogins(read: CredHelpersFile): Credential[] {
  return authsOf(read)
    .filter(({ key }) => entryOf(read, key) === undefined)
    .flatMap((entry) => credentialOf(entry) ?? []);
}

function credentialOf({ key: ServerURL, value }: Property): Credential | undefined {
  const fields = Object.fromEntries(
    propertiesOf(value).map((field) => [field.key.toLowerCase(), field.value.value]),
  );
  const [Username, Secret] = isText(fields.identitytoken)
    ? ['<token>', fields.identitytoken]
    : userAndPassword(fields.auth);
  if (!isText(Username) || !isText(Secret)) return undefined;
  // As in `store`: only other registries have secrets with line ends, such as keys of Google Cloud.
  const isSingleLine = !hasControlCharacter(Username + Secret);
  const isStorable = isSingleLine || ibmHostOf(ServerURL) === undefined;
  return isStorable ? { ServerURL, Username, Secret } : undefined;
}

/** In base64, the password from the first colon on; some versions end it with a NUL. */
function userAndPassword(auth: unknown): string[] {
  const decoded = isText(auth) ? Buffer.from(auth, 'base64').toString() : '';
  const [user = '', ...rest] = decoded.split(':');
  return [user, rest.join(':').replace(/\0+$/, '')];
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
