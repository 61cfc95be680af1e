/**
 * Where the clients find IBM Cloud: on the namespace's own `lo`, but outside 127.0.0.0/8, which
 * docker takes for an insecure registry and asks without TLS.
 */
export const address = '10.99.0.1';

/** One kept store of images each; every host has a private twin that serves the same images. */
export const registries = ['us.icr.io', 'de.icr.io', 'icr.io'] as const;

export type RegistryHost = (typeof registries)[number];

export const registryHosts = registries.flatMap((host) => [host, `private.${host}`]);

export const iamHost = 'iam.cloud.ibm.com';

export function hostsFile(): string {
  const names = [...registryHosts, iamHost].map((name) => `${address} ${name}\n`);
  return ['127.0.0.1 localhost\n', ...names].join('');
}
