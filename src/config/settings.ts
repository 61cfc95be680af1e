import path from 'node:path';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { readPrivate } from '../files.ts';
import { configFolder } from './folders.ts';

/** What an identity's root secret is; a `trusted-profile` has none, the machine vouches for it. */
export type IdentityKind =
  | 'api-key'
  | 'refresh-token'
  | 'entitlement-key'
  | 'registry-token'
  | 'trusted-profile';

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
}

export const noSettings: Settings = { identities: {}, mappings: {} };

export function settingsFile(folder: string): string {
  return path.join(folder, 'config.json');
}

/** Reads `config.json`; throws `damaged` where it is not what `conf` wrote by the schema. */
export function readSettings(context: Context): Settings {
  const folder = configFolder(context);
  if (folder === undefined) return noSettings;
  const file = settingsFile(folder);
  const text = readPrivate(context, file);
  if (text === undefined) return noSettings;
  const parsed = parseObject(text);
  if (parsed === undefined || !isTable(parsed.identities) || !isTable(parsed.mappings)) {
    throw new HelperError(
      'damaged',
      `the settings in ${file} are damaged; mend that file, or move it away and run docker-credential-icr login`,
    );
  }
  return { ...noSettings, ...parsed };
}

function parseObject(text: string): Partial<Settings> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isTable(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isTable(value: unknown): value is object | undefined {
  if (value === undefined) return true;
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
