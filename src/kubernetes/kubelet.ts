import { parseArgs } from 'node:util';
import type { Context } from '../context.ts';
import { HelperError } from '../errors.ts';
import { readInput } from '../standard-input.ts';
import { withNodeFolders } from './node-folders.ts';
import { type ProvideOptions, provide } from './provide.ts';

/** The options of `kubelet`, which stand in the kubelet's configuration as arguments of the provider. */
export const kubeletOptions = {
  identity: { type: 'string', describe: 'answer with this identity, whatever is mapped' },
  present: { type: 'string', describe: 'the user name to answer with: iambearer …' },
  'node-profile': {
    type: 'string',
    describe: 'answer as this trusted profile, by what the machine is',
  },
  'service-accounts': {
    type: 'boolean',
    describe: 'pods pull with their own identity; refuse a request without a token',
  },
  'trusted-profile': {
    type: 'string',
    describe: 'the profile of pods whose service account is not annotated',
  },
  audience: { type: 'string', default: 'iam', describe: 'what the service account tokens are for' },
  'allow-node-identity': {
    type: 'boolean',
    describe: "let a pod without an identity of its own pull with the node's",
  },
} as const;

/** Answers one request of the kubelet. Throws what `provide` throws, and `invalid-input` for unknown options. */
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
    // parseArgs names the option and never its value.
    const message = error instanceof Error ? (error.message.split('. ', 1)[0] ?? '') : '';
    throw new HelperError('invalid-input', `cannot use the arguments of kubelet: ${message}`, {
      hint: 'see docker-credential-icr kubelet --help',
    });
  }
}
