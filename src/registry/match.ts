import type { RegistryHost } from './parse.ts';

/** Retired names of the registry that still work. The list is complete: IBM adds no more names to that domain. */
export const retiredHosts: readonly string[] = [
  'registry.bluemix.net',
  'registry.ng.bluemix.net',
  'registry.eu-gb.bluemix.net',
  'registry.eu-de.bluemix.net',
  'registry.au-syd.bluemix.net',
];

/**
 * Returns true for a host of IBM Cloud Container Registry: `icr.io`, every name that ends in `.icr.io`, and the retired
 * names. The parsed name decides for `icr.io`, not a list: three of IBM's hosts are younger than 18 months.
 */
export function isIbmHost({ name }: RegistryHost): boolean {
  return name === 'icr.io' || name.endsWith('.icr.io') || retiredHosts.includes(name);
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
