import { matches, parseSchemeless } from './match.ts';

export interface AuthConfig {
  readonly username: string;
  readonly password: string;
}

export type DockerConfig = Readonly<Record<string, AuthConfig>>;

/**
 * The credentials with which the kubelet would try to pull, the first first: the longest key before the shorter ones.
 * Source: BasicDockerKeyring in pkg/credentialprovider/keyring.go; Docker Hub's own rule is left out.
 */
export function lookUp(config: DockerConfig, image: string): AuthConfig[] {
  const index = new Map<string, AuthConfig[]>();
  for (const [location, auth] of Object.entries(config)) {
    const key = indexKey(location);
    if (key !== undefined) index.set(key, [...(index.get(key) ?? []), auth]);
  }
  const keys = [...index.keys()].sort().reverse();
  return keys.filter((key) => matches(key, image)).flatMap((key) => index.get(key) ?? []);
}

function indexKey(location: string): string | undefined {
  const [, authority = '', rest = ''] =
    /^([^/]*)(.*)$/s.exec(location.replace(/^https?:\/\//, '')) ?? [];
  if (parseSchemeless(location) === undefined) return undefined;
  const path = /^\/v[12]\//.test(rest) ? rest.slice(3) : rest;
  return path === '/' ? authority : authority + path;
}
