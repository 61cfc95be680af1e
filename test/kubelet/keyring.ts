import { matches, parseSchemeless } from './match.ts';

export interface AuthConfig {
  readonly username: string;
  readonly password: string;
}

export type DockerConfig = Readonly<Record<string, AuthConfig>>;

/**
 * Returns the credentials that the kubelet would try, in order: those of longer keys first. Source: BasicDockerKeyring
 * in pkg/credentialprovider/keyring.go, without the rule for Docker Hub.
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
