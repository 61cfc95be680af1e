import { audienceRole } from './audience-role.ts';
import type { ConfigOptions } from './config-options.ts';
import { daemonSet } from './daemon-set.ts';
import { apiKeyFile } from './install-script.ts';
import { requireNamespace, requireObjectName, requirePath } from './names.ts';
import { providerConfig } from './provider-config.ts';
import { textOf, yamlOf } from './yaml.ts';

export interface ManifestOptions {
  readonly image: string;
  readonly executable: string;
  readonly namespace: string;
  readonly imagePullSecret: string | undefined;
  readonly apiKeySecret: string | undefined;
}

/** Returns the objects that install the provider on the nodes of a cluster. Throws `invalid-input`. */
export function manifests(options: ManifestOptions, who: ConfigOptions, flags: string): string {
  const { image, executable, namespace, imagePullSecret, apiKeySecret } = options;
  const secrets = {
    ...(imagePullSecret === undefined
      ? {}
      : { imagePullSecret: requireObjectName(imagePullSecret) }),
    ...(apiKeySecret === undefined ? {} : { apiKeySecret: requireObjectName(apiKeySecret) }),
  };
  requirePath(executable);
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
  return yamlOf(objects, notes(flags, who));
}

function notes(flags: string, { serviceAccounts }: ConfigOptions): string[] {
  return [
    'Installs docker-credential-icr and its configuration on nodes that already run. On a new node, no pod runs until the',
    'kubelet starts, and a kubelet with these flags does not start without the files: install the files there with',
    'docker-credential-icr kubernetes manifests, and set the flags only after the files:',
    `  ${flags}`,
    ...(serviceAccounts
      ? ['Pods pull with their own identity: Kubernetes 1.34 or later is required.']
      : []),
    'The pods mount directories of the node, which needs the Pod Security level "privileged" in this namespace.',
    'The files remain on the nodes when these objects are deleted.',
  ];
}
