import { HelperError } from '../errors.ts';
import { audienceRole } from './audience-role.ts';
import type { ConfigOptions } from './config-options.ts';
import { apiKeyFile, daemonSet } from './daemon-set.ts';
import { requireNamespace, requireObjectName } from './names.ts';
import { providerConfig } from './provider-config.ts';
import { textOf, yamlOf } from './yaml.ts';

export interface ManifestOptions {
  readonly image: string;
  readonly executable: string;
  readonly namespace: string;
  readonly imagePullSecret: string | undefined;
  readonly apiKeySecret: string | undefined;
}

/** Everything that `kubectl apply` needs to bring the provider to the nodes. Throws `invalid-input`. */
export function manifests(options: ManifestOptions, who: ConfigOptions, flags: string): string {
  const { image, executable, namespace, imagePullSecret, apiKeySecret } = options;
  const secrets = {
    ...(imagePullSecret === undefined
      ? {}
      : { imagePullSecret: requireObjectName(imagePullSecret) }),
    ...(apiKeySecret === undefined ? {} : { apiKeySecret: requireObjectName(apiKeySecret) }),
  };
  if (!executable.startsWith('/')) {
    throw new HelperError('invalid-input', '--executable is an absolute path in the image');
  }
  const config = providerConfig(apiKeySecret === undefined ? who : { ...who, apiKeyFile });
  const objects = [
    ...(who.serviceAccounts ? audienceRole(who.audience) : []),
    ...daemonSet({
      namespace: requireNamespace(namespace),
      image,
      executable,
      config: textOf(config),
      ...secrets,
    }),
  ];
  return yamlOf(objects, notes(flags));
}

function notes(flags: string): string[] {
  return [
    'Puts docker-credential-icr and its configuration on every node. The kubelet reads the configuration when it',
    'starts, and only with these flags; nothing here sets them or restarts it:',
    `  ${flags}`,
    'Removing this leaves the files on the nodes.',
  ];
}
