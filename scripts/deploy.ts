import fs from 'node:fs';
import path from 'node:path';
import { refresherManifests } from '../src/kubernetes/refresher-manifests.ts';

/** The resource of the Kustomize base. An overlay sets the image, and adds options to the arguments. */
export const resourceFile: string = path.join(
  import.meta.dirname,
  '../deploy/refresher/refresher.yaml',
);

export function refresherBase(): string {
  return refresherManifests({
    namespace: 'icr-refresher',
    image: 'docker-credential-icr',
    executable: '/usr/local/bin/docker-credential-icr',
    imagePullSecret: undefined,
    apiKeySecret: undefined,
    iamEndpoint: undefined,
    hosts: ['us.icr.io'],
    selector: 'icr.io/pull-secret=true',
    secretName: 'icr-pull',
    profile: undefined,
    name: 'refresher',
    serviceAccounts: [],
    isDeployment: false,
  });
}

if (import.meta.main) fs.writeFileSync(resourceFile, refresherBase());
