import { parseArgs } from 'node:util';
import { cacheFolder, configFolder } from '../config/folders.ts';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { readInput } from '../standard-input.ts';
import { shownName } from '../visible.ts';
import { type ProvideOptions, provide } from './provide.ts';

/** The options of `kubelet`, which are the arguments of the provider in the kubelet's configuration. */
export const kubeletOptions = {
  identity: { type: 'string', describe: 'use this identity and ignore mappings' },
  present: { type: 'string', describe: 'user name to present, such as iambearer' },
  'node-profile': {
    type: 'string',
    describe: 'use the trusted profile of the machine, by ID or CRN',
  },
  'service-accounts': {
    type: 'boolean',
    describe: 'use the identity of the pod; refuse requests without a token',
  },
  'trusted-profile': {
    type: 'string',
    describe: 'trusted profile of service accounts without annotation, by ID, CRN or name',
  },
  audience: {
    type: 'string',
    default: 'iam',
    describe: "audience of the service accounts' tokens",
  },
  'allow-node-identity': {
    type: 'boolean',
    describe: 'use the identity of the node for pods without their own',
  },
} as const;

/** Returns the response to one request of the kubelet. Throws like `provide`, and `invalid-input` for unknown options. */
export async function answerKubelet(context: Context, args: readonly string[]): Promise<string> {
  const options = parseOptions(args);
  const text = await readInput(context);
  return provide(withNodeFolders(context), text, options);
}

function parseOptions(args: readonly string[]): ProvideOptions {
  const { values } = parsed(args);
  const given = {
    identity: values.identity,
    present: values.present,
    nodeProfile: values['node-profile'],
    serviceAccounts: values['service-accounts'],
    trustedProfile: values['trusted-profile'],
    allowNodeIdentity: values['allow-node-identity'],
  };
  const options = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(options), audience: values.audience };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: kubeletOptions, allowNegative: true });
  } catch (error) {
    // The message of parseArgs contains the option, but not its value; or an argument.
    const message = error instanceof Error ? (error.message.split('. ', 1)[0] ?? '') : '';
    const shown = args.reduce((text, word) => text.replaceAll(word, shownName(word)), message);
    throw new HelperError('invalid-input', `cannot use the arguments of kubelet: ${shown}`, {
      hint: 'see docker-credential-icr kubelet --help',
    });
  }
}

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
