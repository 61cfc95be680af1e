import { cacheFolder, configFolder } from '../config/folders.ts';
import type { Context } from '../context.ts';

/** Where a node keeps what its kubelet pulls with. The cache ends with the machine's session: /run is in memory. */
export const nodeFolders = {
  DOCKER_CREDENTIAL_ICR_CONFIG_DIR: '/etc/docker-credential-icr',
  DOCKER_CREDENTIAL_ICR_CACHE_DIR: '/run/docker-credential-icr',
} as const;

/**
 * The kubelet is started by systemd without `HOME`: then its provider uses the directories of the machine, not those in
 * the home directory of root.
 */
export function withNodeFolders(context: Context): Context {
  if (context.platform !== 'linux') return context;
  const { DOCKER_CREDENTIAL_ICR_CONFIG_DIR: config, DOCKER_CREDENTIAL_ICR_CACHE_DIR: cache } =
    nodeFolders;
  const env = context.isHomeFallback ? { ...context.env, HOME: undefined } : context.env;
  const given = { ...context, env };
  return {
    ...given,
    env: {
      ...env,
      ...(configFolder(given) ? {} : { DOCKER_CREDENTIAL_ICR_CONFIG_DIR: config }),
      ...(cacheFolder(given) ? {} : { DOCKER_CREDENTIAL_ICR_CACHE_DIR: cache }),
    },
  };
}
