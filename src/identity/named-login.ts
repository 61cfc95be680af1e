import { readOwnSettings } from '../config/read-settings.ts';
import { type IdentitySettings, isUsable, type Settings } from '../config/settings.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { own } from '../json-object.ts';
import { helperOf, program } from '../program-name.ts';
import { hostKey } from '../registry/match.ts';
import type { RegistryHost } from '../registry/parse.ts';
import type { Credential } from '../secrets/store-types.ts';
import { shownName, visible } from '../visible.ts';
import { isIdentityName, saveIdentity } from './identities.ts';
import { presentation, requireHostOf } from './present.ts';
import { endSignOut } from './signed-out.ts';

/**
 * Saves the credential of `docker login` with `docker-credential-icr-NAME` as the secret of identity NAME, which is created
 * if it does not exist. No host is mapped to it. Throws `invalid-input` if the credential cannot be an identity's secret.
 */
export async function saveNamedLogin(
  context: Context,
  name: string,
  host: RegistryHost,
  { Username, Secret }: Credential,
): Promise<void> {
  const current = readOwnSettings(context);
  if (!isIdentityName(name)) throw unknownIdentity(current, name);
  const type = typeOf(Username);
  if (type === undefined) throw notSavable(name, Username);
  requireHostOf(type, host.name);
  const known = own(current.identities, name);
  const existing = known !== undefined && isUsable(known) ? known : undefined;
  const isSameType = existing?.kind === type.kind && existing.profile === type.profile;
  const present = isSameType && existing.present !== undefined ? { present: existing.present } : {};
  const settings = { ...type, ...present, secretSetAt: context.now() };
  await saveIdentity(context, { name, settings, secret: Secret }, []);
  endSignOut(context, hostKey(host));
}

/** Returns undefined for a user name whose password is not an identity's secret, such as an access token. */
function typeOf(username: string): Pick<IdentitySettings, 'kind' | 'profile'> | undefined {
  const kinds = [
    { kind: 'api-key' },
    { kind: 'refresh-token' },
    { kind: 'entitlement-key' },
    { kind: 'registry-token' },
    { kind: 'api-key', profile: username },
  ] as const;
  const isProfile = /^Profile-[\w-]{1,100}$/.test(username);
  return kinds.find((type) => ('profile' in type ? isProfile : presentation(type) === username));
}

function notSavable(name: string, username: string): HelperError {
  const message = `a credential with the user name ${visible(shownName(username))} cannot be saved for identity ${name}`;
  return new HelperError('invalid-input', message, {
    hint: `log in with an API key as iamapikey, or run ${program} login --identity ${name}`,
  });
}

/** Returns the error for `docker-credential-icr-NAME` if identity NAME does not exist. */
export function unknownIdentity({ identities }: Settings, name: string): HelperError {
  if (!isIdentityName(name)) {
    return new HelperError('misconfigured', "the program's name has no valid identity", {
      hint: `use a name like ${program}-prod, for identity prod`,
    });
  }
  // On some file systems, a symlink is found in any case.
  const same = Object.keys(identities).find((each) => each.toLowerCase() === name.toLowerCase());
  return new HelperError('misconfigured', `identity ${name} does not exist`, {
    hint:
      same === undefined
        ? `run ${program} login --identity ${name}`
        : `use "${helperOf(same)}" in the client's configuration, for identity ${same}`,
  });
}
