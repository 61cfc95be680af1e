import {
  type IdentitySettings,
  type Mapping,
  requireUsable,
  type Unusable,
  unusableMapping,
} from '../config/settings.ts';
import { HelperError } from '../errors.ts';
import { own } from '../json-object.ts';
import type { RegistryHost } from '../registry/parse.ts';
import { fileStoreName, storeTitle } from '../secrets/store-types.ts';
import { shellQuoted, shownName } from '../visible.ts';
import { loginCommand } from './login-command.ts';
import { type Found, type Lookup, mappingKeyFor } from './lookup.ts';
import type { Holder } from './mint.ts';
import {
  mintedAs,
  type Presentation,
  presentation,
  requireHostOf,
  requirePresentable,
} from './present.ts';

/** Returns the credential of the identity that is mapped to the host. */
export async function fromMapping(lookup: Lookup, host: RegistryHost): Promise<Found | undefined> {
  const settings = await lookup.settings();
  const key = mappingKeyFor(settings, host);
  if (key === undefined) return undefined;
  const mapping = settings.mappings[key];
  if (mapping?.identity === undefined) throw unusableMapping(key);
  const identity = own(settings.identities, mapping.identity);
  if (identity === undefined) {
    throw missing(
      `the mapping uses identity ${mapping.identity}, which does not exist`,
      mapping.identity,
    );
  }
  return foundIdentity(lookup, mapping.identity, identity, mapping);
}

/** Returns the credential of the identity that the program's name selects. Throws `misconfigured` if it does not exist. */
export async function fromProgramName(lookup: Lookup, host: RegistryHost): Promise<Found> {
  const { identity: name = '' } = lookup.context;
  const settings = await lookup.settings();
  const identity = own(settings.identities, name);
  if (identity === undefined) {
    const { unknownIdentity } = await import('./named-login.ts');
    throw unknownIdentity(settings, name);
  }
  requireHostOf(requireUsable(name, identity), host.name);
  return foundIdentity(lookup, name, identity, {});
}

/** Returns the credential of an identity, mapped or not. Throws `misconfigured` if it does not exist. */
export async function identityNamed(
  lookup: Lookup,
  name: string,
  present?: string,
): Promise<Found> {
  const identity = own((await lookup.settings()).identities, name);
  if (identity === undefined) throw unknown(name);
  return foundIdentity(lookup, name, identity, { present });
}

async function foundIdentity(
  lookup: Lookup,
  name: string,
  entry: IdentitySettings | Unusable,
  mapping: Presentation & Pick<Mapping, 'minLifetimeMs'>,
): Promise<Found> {
  const identity = requireUsable(name, entry);
  const username = presentation(identity, mapping);
  requirePresentable(identity, username, name);
  const hint = `run ${loginCommand(name, identity)}`;
  const { kind, profile, secretSetAt: since } = identity;
  const root = await rootSecret(lookup, name, identity);
  const minLifetimeMs = mapping.minLifetimeMs ?? identity.minLifetimeMs;
  const holder = { name, kind, ...(profile && { profile }), since, hint, root, minLifetimeMs };
  return {
    username,
    identity: name,
    location:
      identity.kind === 'trusted-profile' ? 'this machine' : storeTitle(await lookup.settings()),
    expiresAt: identity.expiresAt,
    ...secretAs(lookup, username, holder),
    ...(canGetAccessToken(identity)
      ? { accessToken: async (force) => (await tokens()).mintedAccessToken(lookup, holder, force) }
      : {}),
  };
}

function secretAs(
  lookup: Lookup,
  username: string,
  holder: Holder,
): Pick<Found, 'secret' | 'isMinted' | 'minted'> {
  const minted = mintedAs(holder, username);
  if (minted === 'access token') {
    const { minLifetimeMs } = holder;
    return {
      isMinted: true,
      minted: {
        cachedUntil: async () => (await tokens()).cachedTokenExpiry(lookup, holder),
        ...(minLifetimeMs ? { minLifetimeMs } : {}),
      },
      secret: async () => (await tokens()).mintedAccessToken(lookup, holder, false),
    };
  }
  if (minted === 'refresh token') {
    return {
      isMinted: true,
      secret: async () => (await tokens()).mintedRefreshToken(lookup, holder),
    };
  }
  // IAM replaces a refresh token at each use, so a client may store an old one.
  if (username === 'iamrefresh') return { isMinted: true, secret: () => holder.root };
  return {
    secret: async () => {
      if (username === 'token') {
        const { warnOfExpiry } = await import('./expiry.ts');
        warnOfExpiry(lookup.context, holder.name, holder.root);
      }
      return holder.root;
    },
  };
}

/** Loaded only when a token is needed, because most clients get the stored secret itself. */
function tokens(): Promise<typeof import('./tokens.ts')> {
  return import('./tokens.ts');
}

export function canGetAccessToken({ kind }: IdentitySettings): boolean {
  return kind === 'api-key' || kind === 'refresh-token' || kind === 'trusted-profile';
}

/** Returns the stored secret; an empty text for a trusted profile, which does not need one. */
async function rootSecret(
  lookup: Lookup,
  name: string,
  identity: IdentitySettings,
): Promise<string> {
  if (identity.kind === 'trusted-profile') return '';
  const root = await lookup.stored({ of: 'identity', name });
  if (root !== undefined) return root.Secret;
  const login = loginCommand(name, identity);
  const { store = fileStoreName } = await lookup.settings();
  if (store === fileStoreName) {
    throw new HelperError('damaged', `the secret of identity ${name} is missing`, {
      hint: `run ${login}`,
    });
  }
  // Some keychains report "not found" while they are locked.
  throw new HelperError('storage', `${store} has no secret for identity ${name}`, {
    hint: `unlock ${store} if it is locked, or run ${login}`,
  });
}

/** The error does not repeat a name that could be a key. */
function unknown(name: string): HelperError {
  if (shownName(name) === name) return missing(`identity ${name} does not exist`, name);
  return new HelperError('misconfigured', 'unknown identity', {
    hint: 'run docker-credential-icr status to list the identities',
  });
}

function missing(problem: string, name: string): HelperError {
  return new HelperError('misconfigured', problem, {
    hint: `run docker-credential-icr login --identity ${shellQuoted(name)}`,
  });
}
