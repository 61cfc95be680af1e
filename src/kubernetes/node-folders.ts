import { cacheFolder, configFolder } from '../config/folders.ts';
import type { Context } from '../context.ts';

/** Where a node keeps what its kubelet pulls with. The cache ends with the machine's session: /run is in memory. */
export const nodeFolders = {
  DOCKER_CREDENTIAL_ICR_CONFIG_DIR: '/etc/docker-credential-icr',
  DOCKER_CREDENTIAL_ICR_CACHE_DIR: '/run/docker-credential-icr',
} as const;

/** The kubelet, started by systemd, has no `HOME`: then its provider looks in the machine's own folders. */
export function withNodeFolders(context: Context): Context {
  if (context.platform !== 'linux') return context;
  const { DOCKER_CREDENTIAL_ICR_CONFIG_DIR: config, DOCKER_CREDENTIAL_ICR_CACHE_DIR: cache } =
    nodeFolders;
  return {
    ...context,
    env: {
      ...context.env,
      ...(configFolder(context) ? {} : { DOCKER_CREDENTIAL_ICR_CONFIG_DIR: config }),
      ...(cacheFolder(context) ? {} : { DOCKER_CREDENTIAL_ICR_CACHE_DIR: cache }),
    },
  };
}
