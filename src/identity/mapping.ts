import type { IdentitySettings, Mapping } from '../config/settings.ts';
import { HelperError } from '../errors.ts';
import type { RegistryHost } from '../registry/parse.ts';
import { fileStoreName, storeTitle } from '../secrets/secret-store.ts';
import { warnOfExpiry } from './expiry.ts';
import { loginCommand } from './hint.ts';
import type { Lookup } from './lookup.ts';
import { mappingKeyFor, own } from './mapping-key.ts';
import { mintedAs, presentation, requirePresentable } from './present.ts';
import type { Found } from './source.ts';
import { type Holder, mintedAccessToken, mintedRefreshToken } from './tokens.ts';

/** The identity that the settings name for this host. */
export function fromMapping(lookup: Lookup, host: RegistryHost): Found | undefined {
  const settings = lookup.settings();
  const key = mappingKeyFor(settings, host);
  const mapping = key === undefined ? undefined : settings.mappings[key];
  if (mapping === undefined) return undefined;
  const identity = own(settings.identities, mapping.identity);
  if (identity === undefined) {
    throw missing(
      `${host.name} is mapped to identity ${mapping.identity}, which does not exist`,
      mapping.identity,
    );
  }
  return foundIdentity(lookup, mapping.identity, identity, mapping);
}

/** An identity by its name, whatever is mapped to it. Throws `misconfigured` where there is none. */
export function identityNamed(lookup: Lookup, name: string, present?: string): Found {
  const identity = own(lookup.settings().identities, name);
  if (identity === undefined) throw missing(`there is no identity ${name}`, name);
  return foundIdentity(lookup, name, identity, present === undefined ? {} : { present });
}

/** An identity as a client is given it, under the mapping that names it. */
function foundIdentity(
  lookup: Lookup,
  name: string,
  identity: IdentitySettings,
  mapping: Pick<Mapping, 'present'>,
): Found {
  const username = presentation(identity, mapping);
  requirePresentable(identity, username, name);
  const hint = `run ${loginCommand(name, identity)}`;
  const holder = { name, ...identity, hint, root: rootSecret(lookup, name, identity) };
  return {
    username,
    identity: name,
    keptIn: identity.kind === 'trusted-profile' ? 'this machine' : storeTitle(lookup.settings()),
    ...(identity.expiresAt === undefined ? {} : { endsAt: identity.expiresAt }),
    ...secretAs(lookup, username, holder),
    ...(isWorthAccess(identity)
      ? { accessToken: (force) => mintedAccessToken(lookup, holder, force) }
      : {}),
  };
}

function secretAs(
  lookup: Lookup,
  username: string,
  holder: Holder,
): Pick<Found, 'secret' | 'isMinted'> {
  const minted = mintedAs(holder, username);
  if (minted === 'access token') {
    return { isMinted: true, secret: () => mintedAccessToken(lookup, holder, false) };
  }
  if (minted === 'refresh token') {
    return { isMinted: true, secret: () => mintedRefreshToken(lookup, holder) };
  }
  // A refresh token is renewed whenever it is used, so it too comes back as another one.
  if (username === 'iamrefresh') return { isMinted: true, secret: () => holder.root };
  return {
    secret: () => {
      if (username === 'token') warnOfExpiry(lookup.context, holder.name, holder.root);
      return holder.root;
    },
  };
}

function isWorthAccess({ kind }: IdentitySettings): boolean {
  return kind === 'api-key' || kind === 'refresh-token' || kind === 'trusted-profile';
}

/** A trusted profile has none: the machine vouches for it. */
function rootSecret(lookup: Lookup, name: string, identity: IdentitySettings): string {
  if (identity.kind === 'trusted-profile') return '';
  const root = lookup.stored({ of: 'identity', name });
  if (root !== undefined) return root.Secret;
  const login = `run ${loginCommand(name, identity)}`;
  const { store = fileStoreName } = lookup.settings();
  if (store === fileStoreName) {
    throw new HelperError('damaged', `the secret of identity ${name} is gone; ${login}`);
  }
  // Some say so while they are locked.
  throw new HelperError(
    'storage',
    `${store} has no secret of identity ${name}; is it locked? unlock it, or ${login}`,
  );
}

function missing(problem: string, name: string): HelperError {
  return new HelperError(
    'misconfigured',
    `${problem}; run docker-credential-icr login --identity ${name}`,
  );
}
