import { HelperError } from '../../errors.ts';
import type { Command } from '../command.ts';
import { requireIbmHost } from '../host-arguments.ts';
import { requireOnce } from './provider-options.ts';

interface RefresherArgs {
  readonly once?: boolean;
  readonly host?: readonly string[];
  readonly serviceAccount?: readonly string[];
  readonly selector: string;
  readonly secretName: string;
  readonly trustedProfile?: string;
  readonly apiKeyFile?: string;
  readonly name: string;
  readonly tokenFile: string;
  readonly serviceAccountDirectory: string;
}

export const refresher: Command<RefresherArgs> = {
  options: {
    once: { type: 'boolean', describe: 'renew the Secrets that are due, and exit' },
    host: {
      type: 'string',
      array: true,
      describe: 'host or host/namespace of the Secrets; can be given more than once',
    },
    selector: {
      type: 'string',
      default: 'icr.io/pull-secret=true',
      describe: 'label selector of the namespaces',
    },
    'secret-name': { type: 'string', default: 'icr-pull', describe: 'name of the Secrets' },
    'service-account': {
      type: 'string',
      array: true,
      describe:
        'add the Secret to this service account of each namespace; can be given more than once',
    },
    'trusted-profile': {
      type: 'string',
      describe: 'trusted profile of namespaces without the annotation icr.io/trusted-profile-id',
    },
    'api-key-file': { type: 'string', describe: 'use an API key instead of trusted profiles' },
    name: {
      type: 'string',
      default: 'refresher',
      describe: 'name of this refresher; it changes only Secrets with this name in an annotation',
    },
    'token-file': {
      type: 'string',
      default: '/var/run/secrets/tokens/sa-token',
      describe: 'service account token of the pod for IAM',
    },
    'service-account-directory': {
      type: 'string',
      default: '/var/run/secrets/kubernetes.io/serviceaccount',
      describe: 'directory with the token and ca.crt for the Kubernetes API',
    },
  },
  examples: [['kubernetes refresher --once --host us.icr.io', 'in a CronJob']],
  run: async (context, args) => {
    const { host, serviceAccount: serviceAccounts = [], ...single } = args;
    requireOnce(single);
    const { selector, secretName, trustedProfile: profile, name } = single;
    const { checkRefresher } = await import('../../kubernetes/refresher-options.ts');
    const keys = (host ?? []).map((text) => ({ text, host: requireIbmHost(text) }));
    const { tokenFile, apiKeyFile, serviceAccountDirectory } = single;
    const choice = { keys, selector, secretName, profile, apiKeyFile, name, serviceAccounts };
    const hosts = checkRefresher(choice);
    if (!single.once) {
      throw new HelperError('invalid-input', '--once is missing', {
        hint: 'run kubernetes refresher --once in a CronJob; see kubernetes manifests refresher',
      });
    }
    const { inClusterApi } = await import('../../kubernetes/cluster-api.ts');
    const { tokenRequester } = await import('../../kubernetes/refresher-tokens.ts');
    const { refreshNamespaces } = await import('../../kubernetes/refresh-namespaces.ts');
    const cluster = {
      api: inClusterApi(context, serviceAccountDirectory),
      requestToken: tokenRequester(context, { tokenFile, apiKeyFile }),
    };
    const usesApiKey = apiKeyFile !== undefined;
    const secrets = { selector, secretName, hosts, profile, usesApiKey };
    const options = { ...secrets, refresher: name, serviceAccounts };
    const { renewed, unchanged, failed } = await refreshNamespaces(context, cluster, options);
    context.stdout(`${renewed} renewed, ${unchanged} unchanged, ${failed} failed\n`);
    return failed === 0 ? 0 : 1;
  },
};
