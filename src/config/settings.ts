import { HelperError } from '../errors.ts';
import { join } from '../paths.ts';

/** What an identity's root secret is; a `trusted-profile` has none, the machine vouches for it. */
export const identityKinds = [
  'api-key',
  'refresh-token',
  'entitlement-key',
  'registry-token',
  'trusted-profile',
] as const;

export type IdentityKind = (typeof identityKinds)[number];

export interface IdentitySettings {
  readonly kind: IdentityKind;
  /** The user name a client is given; by default the one that fits the kind. */
  readonly present?: string;
  /** The ID of the trusted profile that the API key, or the machine, acts as. */
  readonly profile?: string;
  /** When the root secret was set, in milliseconds since 1970: tokens minted before it are void. */
  readonly since: number;
  /** For people: whose the secret is, as IAM said at login. */
  readonly owner?: string;
  readonly account?: string;
  /** When the root secret ends, in milliseconds since 1970, where that is known. */
  readonly expiresAt?: number;
}

export interface Mapping {
  readonly identity: string;
  /** Wins over the identity's own. */
  readonly present?: string;
}

export interface Settings {
  readonly identities: Readonly<Record<string, IdentitySettings>>;
  /** By `host`, `host/namespace`, or `*` for every IBM host. */
  readonly mappings: Readonly<Record<string, Mapping>>;
  /** Another IAM than the public one; `IBMCLOUD_IAM_API_ENDPOINT` goes before it. */
  readonly iamEndpoint?: string;
  /** Whether the ibmcloud CLI's session may answer. */
  readonly ibmcloudSession?: boolean;
  /** The trusted profile that this machine or pod may act as where nothing else answers. */
  readonly computeProfile?: string;
  /** The credential helper that keeps the secrets, by its name; `file` or none: they rest in files. */
  readonly store?: string;
  /** Another one, in which `store move` may have left what is not in use. */
  readonly leftovers?: string;
  /** The credential helper that is asked about registries that are not IBM's. */
  readonly others?: string;
}

export const noSettings: Settings = { identities: {}, mappings: {} };

export function settingsFile(folder: string): string {
  return join(folder, 'config.json');
}

/** The settings in the text of `config.json`, none if it does not exist. Throws `damaged`. */
export function requireSettings(file: string, text: string | undefined): Settings {
  const settings = text === undefined ? noSettings : parseSettings(text);
  if (settings !== undefined) return settings;
  throw new HelperError('damaged', `the settings in ${file} are damaged`, {
    hint: 'fix that file, or move it away and run docker-credential-icr login',
  });
}

/** `undefined` for what is not settings. */
export function parseSettings(text: string): Settings | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    if (!isTable(parsed)) return undefined;
    const settings = { ...noSettings, ...parsed };
    return isSettings(settings) ? settings : undefined;
  } catch {
    return undefined;
  }
}

// The schema that conf writes by, by hand: a validator costs more than a whole `get`.
function isSettings(value: Table): value is Table & Settings {
  const { identities, mappings, iamEndpoint, ibmcloudSession, computeProfile } = value;
  const { store, leftovers, others } = value;
  return (
    isTableOf(identities, isIdentity) &&
    isTableOf(mappings, isMapping) &&
    isTextOrAbsent(iamEndpoint) &&
    isTextOrAbsent(computeProfile) &&
    isTextOrAbsent(store) &&
    isTextOrAbsent(leftovers) &&
    isTextOrAbsent(others) &&
    (ibmcloudSession === undefined || typeof ibmcloudSession === 'boolean')
  );
}

function isIdentity({ kind, since, expiresAt, present, profile, owner, account }: Table): boolean {
  return (
    (identityKinds as readonly unknown[]).includes(kind) &&
    typeof since === 'number' &&
    (expiresAt === undefined || typeof expiresAt === 'number') &&
    isTextOrAbsent(present) &&
    isTextOrAbsent(profile) &&
    isTextOrAbsent(owner) &&
    isTextOrAbsent(account)
  );
}

function isMapping({ identity, present }: Table): boolean {
  return identity !== undefined && isTextOrAbsent(identity) && isTextOrAbsent(present);
}

type Table = Readonly<Record<string, unknown>>;

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTableOf(value: unknown, isEntry: (entry: Table) => boolean): boolean {
  if (!isTable(value)) return false;
  for (const name in value) {
    const entry = value[name];
    if (!isTable(entry) || !isEntry(entry)) return false;
  }
  return true;
}

function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || (typeof value === 'string' && value !== '');
}
