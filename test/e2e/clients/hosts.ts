/**
 * The addresses of the simulator in the namespace. They are not in 127.0.0.0/8, because docker treats those as insecure
 * registries and uses HTTP.
 */
export const registryAddress = '10.99.0.1';
export const iamAddress = '10.99.0.2';

/** The registries, each with its own images. The private host of a registry serves the same images. */
export const registries = ['us.icr.io', 'de.icr.io', 'icr.io'] as const;

export type RegistryHost = (typeof registries)[number];

/** A registry that does not belong to IBM: the simulator's read-only mini registry. */
export const otherRegistry = 'registry.example';

const names: Readonly<Record<string, string>> = {
  localhost: '127.0.0.1',
  'iam.cloud.ibm.com': iamAddress,
  [otherRegistry]: registryAddress,
  ...Object.fromEntries(registries.map((host) => [host, registryAddress])),
  ...Object.fromEntries(registries.map((host) => [`private.${host}`, registryAddress])),
};

/** Returns the content of /etc/hosts. */
export function hostsFile(): string {
  return Object.entries(names)
    .map(([name, address]) => `${address} ${name}\n`)
    .join('');
}
