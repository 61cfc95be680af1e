import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { join } from '../fast-path.ts';
import { isObject, isText, type JsonObject, parseObject } from '../json-object.ts';
import { shellQuoted } from '../visible.ts';
import { configFolder } from './folders.ts';
import { hasShape, isBoolean, isMilliseconds, type Shaped } from './shape.ts';

/**
 * The kinds of an identity's root secret. `trusted-profile` needs no secret: the platform authenticates the machine.
 */
export const identityKinds = [
  'api-key',
  'refresh-token',
  'entitlement-key',
  'registry-token',
  'trusted-profile',
] as const;

export type IdentityKind = (typeof identityKinds)[number];

function isKind(value: unknown): value is IdentityKind {
  return (identityKinds as readonly unknown[]).includes(value);
}

const identityShape = {
  required: {
    kind: isKind,
    /** When the root secret was stored. Cached tokens from before are not used. */
    secretSetAt: isMilliseconds,
  },
  optional: {
    /** The user name for clients; the default depends on the kind. */
    present: isText,
    /** The ID of the trusted profile that the API key or the machine uses. */
    profile: isText,
    /** The owner of the secret according to IAM at login, for messages only. */
    owner: isText,
    account: isText,
    /** When the root secret expires, if that is known. */
    expiresAt: isMilliseconds,
    /** A cached access token that expires sooner is renewed before clients get it. */
    minLifetimeMs: isMilliseconds,
  },
};

const mappingShape = {
  required: { identity: isText },
  optional: {
    /** The user name for clients; has precedence over the identity's. */
    present: isText,
    /** Has precedence over the identity's; 0 for none. */
    minLifetimeMs: isMilliseconds,
  },
};

const settingsShape = {
  required: { identities: isObject, mappings: isObject },
  optional: {
    /** The address of IAM, if it is not the public one; `IBMCLOUD_IAM_API_ENDPOINT` has precedence. */
    iamEndpoint: isText,
    /** Whether the ibmcloud CLI's session is used. */
    ibmcloudSession: isBoolean,
    /** Whether each credential that is handed out is added to the access log. */
    accessLog: isBoolean,
    /** The trusted profile that this machine or pod uses if no other source has a credential. */
    computeProfile: isText,
    /**
     * The credential store: the name of a credential helper. If it is `file` or missing, secrets are stored in files.
     */
    store: isText,
    /** The store that was used before; `store move` may have left unused secrets there. */
    previousStore: isText,
    /** The credential helper for hosts other than ICR hosts. */
    fallbackHelper: isText,
  },
};

export type IdentitySettings = Shaped<typeof identityShape>;
export type Mapping = Shaped<typeof mappingShape>;

/**
 * An identity or a mapping that this version cannot use, for example because a newer version wrote it. It is written
 * back unchanged, and only commands that use it fail.
 */
export type Unusable = {
  readonly [Name in keyof IdentitySettings | keyof Mapping]?: undefined;
} & { readonly written: unknown };

export type Settings = Omit<Shaped<typeof settingsShape>, 'identities' | 'mappings'> & {
  readonly identities: Readonly<Record<string, IdentitySettings | Unusable>>;
  /** The keys are `host`, `host/namespace`, or `*` for all ICR hosts. */
  readonly mappings: Readonly<Record<string, Mapping | Unusable>>;
};

/** Field names of earlier versions, and their current names. */
const renamedSettings = { others: 'fallbackHelper', leftovers: 'previousStore' };
const renamedInIdentity = { since: 'secretSetAt' };

export const noSettings: Settings = { identities: {}, mappings: {} };

export function settingsFile(folder: string): string {
  return join(folder, 'config.json');
}

/** Parses the text of `config.json`. Returns `noSettings` if the file does not exist. Throws `damaged`. */
export function requireSettings(file: string, text: string | undefined): Settings {
  const settings = text === undefined ? noSettings : parseSettings(text);
  if (settings !== undefined) return settings;
  throw new HelperError('damaged', `the settings in ${file} are damaged`, {
    hint: 'fix that file, or move it away and run docker-credential-icr login',
  });
}

/** Returns undefined if the text is not settings. */
export function parseSettings(text: string): Settings | undefined {
  const parsed = parseObject(text);
  if (parsed === undefined) return undefined;
  const settings = { ...noSettings, ...renamed(parsed, renamedSettings) };
  if (!hasShape(settingsShape, settings)) return undefined;
  return {
    ...settings,
    identities: mapped(settings.identities, parseIdentity),
    mappings: mapped(settings.mappings, parseMapping),
  };
}

function parseIdentity(entry: unknown): IdentitySettings | Unusable {
  const identity = isObject(entry) ? renamed(entry, renamedInIdentity) : {};
  return hasShape(identityShape, identity) ? identity : { written: entry };
}

function parseMapping(entry: unknown): Mapping | Unusable {
  return isObject(entry) && hasShape(mappingShape, entry) ? entry : { written: entry };
}

/** Returns the content of `config.json`. Throws `misconfigured` if it would be read differently. */
export function toFile(settings: Settings): JsonObject {
  const { identities, mappings } = settings;
  const file = {
    ...settings,
    identities: mapped(identities, (entry) => (isUsable(entry) ? entry : entry.written)),
    mappings: mapped(mappings, (entry) => (entry.identity === undefined ? entry.written : entry)),
  };
  const again = parseSettings(JSON.stringify(file));
  const isSame =
    again !== undefined &&
    Object.keys(identities).every(
      (name) => again.identities[name]?.kind === identities[name]?.kind,
    ) &&
    Object.keys(mappings).every((key) => again.mappings[key]?.identity === mappings[key]?.identity);
  if (isSame) return file;
  throw new HelperError('misconfigured', 'the new settings are not valid; nothing was changed');
}

export function isUsable(identity: IdentitySettings | Unusable): identity is IdentitySettings {
  return identity.kind !== undefined;
}

/** Throws `misconfigured` if this version cannot use the identity. */
export function requireUsable(
  name: string,
  identity: IdentitySettings | Unusable,
): IdentitySettings {
  if (isUsable(identity)) return identity;
  const kind = isObject(identity.written) ? identity.written.kind : undefined;
  const why = isText(kind) && !isKind(kind) ? 'its kind is unknown' : 'a field is invalid';
  throw new HelperError('misconfigured', `identity ${name} cannot be used: ${why}`, {
    hint: `update docker-credential-icr, or fix it in config.json, or run docker-credential-icr login --identity ${shellQuoted(name)}`,
  });
}

/** Returns the error for a mapping that this version cannot use. */
export function unusableMapping(key: string): HelperError {
  return new HelperError('misconfigured', `the mapping of ${key} in config.json is not valid`, {
    hint: `run docker-credential-icr map ${shellQuoted(key)} IDENTITY`,
  });
}

// Loops instead of the methods of arrays and `Object`, for the same reason as in registry/parse.ts.

function renamed(object: JsonObject, names: Readonly<Record<string, string>>): JsonObject {
  const result = { ...object };
  for (const old in names) {
    if (!Object.hasOwn(object, old)) continue;
    const name = names[old] as string;
    if (!Object.hasOwn(object, name)) result[name] = object[old];
    delete result[old];
  }
  return result;
}

function mapped<From, To>(
  table: Readonly<Record<string, From>>,
  change: (entry: From) => To,
): Readonly<Record<string, To>> {
  // A copy, so that a name `__proto__` is that of an entry here as well.
  const result: Record<string, From | To> = { ...table };
  for (const name in table) result[name] = change(table[name] as From);
  return result as Record<string, To>;
}

/** Returns the settings in `config.json`, or `noSettings` if it does not exist. Throws `damaged` or `storage`. */
export async function loadSettings(context: Context): Promise<Settings> {
  const folder = configFolder(context);
  if (folder === undefined) return noSettings;
  const file = settingsFile(folder);
  return requireSettings(file, await context.files.read(context, file, 'settings'));
}
