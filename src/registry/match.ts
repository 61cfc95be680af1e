import type { RegistryHost } from './parse.ts';

/**
 * Whether IBM Cloud Container Registry answers at this host: `icr.io`, whatever ends in `.icr.io`,
 * and the retired `registry.…bluemix.net` names. By the parsed name, never by a list: three of
 * IBM's hosts are younger than 18 months.
 */
export function isIbmHost({ name }: RegistryHost): boolean {
  return (
    name === 'icr.io' ||
    name.endsWith('.icr.io') ||
    (name.startsWith('registry.') && name.endsWith('.bluemix.net'))
  );
}

/**
 * The name under which a credential for this host is kept. IBM's hosts are one each, whatever the
 * port or path; elsewhere another port is another server, and Docker keeps three credentials under
 * `https://index.docker.io/v1/`, `…/v1/access-token` and `…/v1/refresh-token`.
 * Source: docker/cli, internal/oauth/manager.
 */
export function hostKey(host: RegistryHost): string {
  const { name, port, namespace } = host;
  if (isIbmHost(host)) return name;
  const server = port === undefined ? name : `${name}:${port}`;
  return namespace === undefined ? server : `${server}/${namespace}`;
}
