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
 * port or path; elsewhere another port is another server.
 */
export function hostKey(host: RegistryHost): string {
  if (isIbmHost(host) || host.port === undefined) return host.name;
  return `${host.name}:${host.port}`;
}
