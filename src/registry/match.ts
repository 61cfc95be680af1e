import type { RegistryHost } from './parse.ts';

/** Old registry hosts that still work. The list is complete: IBM adds no hosts to that domain. */
export const retiredHosts: readonly string[] = [
  'registry.bluemix.net',
  'registry.ng.bluemix.net',
  'registry.eu-gb.bluemix.net',
  'registry.eu-de.bluemix.net',
  'registry.au-syd.bluemix.net',
];

/**
 * Returns true for a host of IBM Cloud Container Registry: `icr.io`, every name that ends in `.icr.io`, and
 * `retiredHosts`. `icr.io` needs no list, so hosts of new regions work.
 */
export function isIbmHost({ name }: RegistryHost): boolean {
  return name === 'icr.io' || name.endsWith('.icr.io') || retiredHosts.includes(name);
}

/**
 * Returns the key under which a credential for this host is stored. For ICR hosts it is the name, without port and
 * path. For other hosts it includes both: another port is another server, and Docker stores three credentials under
 * `https://index.docker.io/v1/`, `…/v1/access-token` and `…/v1/refresh-token`.
 * Source: docker/cli, internal/oauth/manager.
 */
export function hostKey(host: RegistryHost): string {
  const { name, port, namespace } = host;
  if (isIbmHost(host)) return name;
  const server = port === undefined ? name : `${name}:${port}`;
  return namespace === undefined ? server : `${server}/${namespace}`;
}
