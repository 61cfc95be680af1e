import { cacheFolder, configFolder } from '../config/folders.ts';
import type { Context } from '../context.ts';

/** The directories of the helper on a node. The cache is in memory, because `/run` is. */
export const nodeFolders = {
  DOCKER_CREDENTIAL_ICR_CONFIG_DIR: '/etc/docker-credential-icr',
  DOCKER_CREDENTIAL_ICR_CACHE_DIR: '/run/docker-credential-icr',
} as const;

/** Uses the directories of the node, not root's home, without `HOME`: systemd starts the kubelet without it. */
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
