import { parseGoDuration } from './go-duration.ts';
import type { AuthConfig, DockerConfig } from './keyring.ts';
import { type Json, parseStrictly } from './strict-json.ts';

export interface Response {
  readonly cacheKeyType: string;
  /** In milliseconds; undefined if `defaultCacheDuration` applies. */
  readonly cacheDuration: number | undefined;
  readonly auth: DockerConfig;
}

type Fields = { readonly [name: string]: Json };

/** A message like the kubelet's. It never contains the response, which has a password. */
export class BadResponse extends Error {}

/**
 * Decodes the standard output of a plugin as strictly as the kubelet, in the requested version. Source: ExecPlugin and
 * decodeResponse in pkg/credentialprovider/plugin/plugin.go; types.go of each version.
 */
export function decodeResponse(text: string, apiVersion: string): Response {
  const fields = objectOf(parse(text), 'response');
  if (fields.apiVersion !== apiVersion) throw new BadResponse('another apiVersion');
  if (fields.kind !== 'CredentialProviderResponse') throw new BadResponse('another kind');
  refuseOthers(fields, ['apiVersion', 'kind', 'cacheKeyType', 'cacheDuration', 'auth']);
  const { cacheKeyType = '', cacheDuration = null, auth = null } = fields;
  if (typeof cacheKeyType !== 'string') throw new BadResponse('cacheKeyType is not a string');
  return {
    cacheKeyType,
    cacheDuration: durationOf(cacheDuration),
    auth: Object.fromEntries(
      Object.entries(auth === null ? {} : objectOf(auth, 'auth')).map(authConfig),
    ),
  };
}

function parse(text: string): Json {
  try {
    return parseStrictly(text);
  } catch (error) {
    throw new BadResponse(`no strict JSON: ${error instanceof Error ? error.message : error}`);
  }
}

function durationOf(value: Json): number | undefined {
  if (value === null) return undefined;
  const duration = typeof value === 'string' ? parseGoDuration(value) : undefined;
  if (duration === undefined) throw new BadResponse('cacheDuration is not a duration');
  return duration;
}

function authConfig([key, value]: [string, Json]): [string, AuthConfig] {
  const fields = objectOf(value, 'an auth');
  refuseOthers(fields, ['username', 'password']);
  const { username = '', password = '' } = fields;
  if (typeof username !== 'string' || typeof password !== 'string') {
    throw new BadResponse('a user name or password that is not a string');
  }
  return [key, { username, password }];
}

function objectOf(value: Json, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new BadResponse(`${what} is not an object`);
}

function refuseOthers(fields: Fields, known: readonly string[]): void {
  const unknown = Object.keys(fields).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new BadResponse(`unknown field ${unknown}`);
}
