/**
 * Where the clients find IBM Cloud: on the namespace's own `lo`, but outside 127.0.0.0/8, which
 * docker takes for an insecure registry and asks without TLS.
 */
export const registryAddress = '10.99.0.1';
export const iamAddress = '10.99.0.2';

/** One kept store of images each; every host has a private twin that serves the same images. */
export const registries = ['us.icr.io', 'de.icr.io', 'icr.io'] as const;

export type RegistryHost = (typeof registries)[number];

/** Somebody else's: a small registry that keeps nothing. */
export const otherRegistry = 'registry.example';

const names: Readonly<Record<string, string>> = {
  localhost: '127.0.0.1',
  'iam.cloud.ibm.com': iamAddress,
  [otherRegistry]: registryAddress,
  ...Object.fromEntries(registries.map((host) => [host, registryAddress])),
  ...Object.fromEntries(registries.map((host) => [`private.${host}`, registryAddress])),
};

/** The text of /etc/hosts. */
export function hostsFile(): string {
  return Object.entries(names)
    .map(([name, address]) => `${address} ${name}\n`)
    .join('');
}
