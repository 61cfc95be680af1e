import type { Context } from '../../context.ts';
import {
  requireImage,
  requireNamespace,
  requireObjectName,
  requirePath,
  warnOfTag,
} from '../../kubernetes/manifest-options.ts';
import type { Option } from '../command.ts';
import { requireIbmHost } from '../host-arguments.ts';

export interface RefresherArgs {
  readonly image?: string;
  readonly executable?: string;
  readonly namespace?: string;
  readonly imagePullSecret?: string;
  readonly apiKeySecret?: string;
  readonly host?: readonly string[];
  readonly serviceAccount?: readonly string[];
  readonly selector?: string;
  readonly secretName?: string;
  readonly mode?: string;
  readonly trustedProfile?: string;
  readonly iamEndpoint?: string;
}

const group = 'Refresher';

export const refresherOptions: Readonly<Record<string, Option>> = {
  mode: {
    type: 'string',
    choices: ['cronjob', 'deployment'],
    describe: 'run every five minutes (cronjob, the default), or continuously with metrics',
    group,
  },
  image: {
    type: 'string',
    describe: 'image with this executable: HOST/NAMESPACE/NAME@sha256:DIGEST',
    group,
  },
  executable: {
    type: 'string',
    describe: 'path of the executable in the image (default: /usr/local/bin/docker-credential-icr)',
    group,
  },
  namespace: {
    type: 'string',
    describe: 'existing namespace of the refresher (default: icr-refresher)',
    group,
  },
  'image-pull-secret': { type: 'string', describe: 'Secret for pulling the image', group },
  'api-key-secret': {
    type: 'string',
    describe: 'use the API key in this Secret (apikey) instead of trusted profiles',
    group,
  },
  host: {
    type: 'string',
    array: true,
    describe: 'host or host/namespace of the Secrets; can be repeated',
    group,
  },
  selector: {
    type: 'string',
    describe: 'label selector of the namespaces (default: icr.io/pull-secret=true)',
    group,
  },
  'secret-name': { type: 'string', describe: 'name of the Secrets (default: icr-pull)', group },
  'service-account': {
    type: 'string',
    array: true,
    describe: 'add the Secret to this service account of each namespace; can be repeated',
    group,
  },
};

/** Throws `invalid-input` for options that cannot be used. */
export async function printRefresher(context: Context, args: RefresherArgs): Promise<void> {
  const { image, imagePullSecret, apiKeySecret, trustedProfile: profile } = args;
  const { namespace = 'icr-refresher', selector = 'icr.io/pull-secret=true' } = args;
  const { secretName = 'icr-pull', iamEndpoint } = args;
  const { executable = '/usr/local/bin/docker-credential-icr' } = args;
  requireImage(image);
  requireNamespace(namespace);
  requirePath(executable);
  for (const name of [imagePullSecret, apiKeySecret]) {
    if (name !== undefined) requireObjectName(name);
  }
  const { checkRefresher } = await import('../../kubernetes/refresher-options.ts');
  const keys = (args.host ?? []).map((text) => ({ text, host: requireIbmHost(text) }));
  const name = 'refresher';
  const apiKeyFile = apiKeySecret;
  const { serviceAccount: serviceAccounts = [] } = args;
  const choice = { keys, selector, secretName, profile, apiKeyFile, serviceAccounts };
  const hosts = checkRefresher({ ...choice, name: `${namespace}/${name}` });
  const { parseEndpoint } = await import('../../iam/endpoint.ts');
  const { refresherManifests } = await import('../../kubernetes/refresher-manifests.ts');
  context.stdout(
    refresherManifests({
      ...{ image, executable, namespace, imagePullSecret, apiKeySecret, hosts },
      ...{ selector, secretName, profile, name, serviceAccounts },
      isDeployment: args.mode === 'deployment',
      iamEndpoint: iamEndpoint && parseEndpoint(iamEndpoint, '--iam-endpoint'),
    }),
  );
  warnOfTag(context, image, 'with access to pull Secrets');
  context.warn(`create the namespace: kubectl create namespace ${namespace}`);
  context.warn(`select namespaces: kubectl label namespace NAME ${selector}`);
  if (serviceAccounts.length === 0) {
    context.warn(
      `use the Secret: add imagePullSecrets: [{name: ${secretName}}] to pods or service accounts, or use --service-account`,
    );
  }
}
