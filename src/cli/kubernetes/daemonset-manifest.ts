import { requireImage, warnOfTag } from '../../kubernetes/manifest-options.ts';
import type { Command } from '../command.ts';
import {
  checkedOptions,
  kubeletFlags,
  type PullIdentityOptions,
  pullIdentityOptions,
  versionLines,
} from './provider-options.ts';

interface DaemonsetArgs extends PullIdentityOptions {
  readonly image?: string;
  readonly executable: string;
  readonly namespace: string;
  readonly imagePullSecret?: string;
  readonly apiKeySecret?: string;
}

export const daemonset: Command<DaemonsetArgs> = {
  options: {
    image: {
      type: 'string',
      describe: 'image with this executable and a shell: HOST/NAMESPACE/NAME@sha256:DIGEST',
    },
    executable: {
      type: 'string',
      default: '/usr/local/bin/docker-credential-icr',
      describe: 'path of the executable in the image',
    },
    namespace: { type: 'string', default: 'kube-system', describe: 'namespace of the DaemonSet' },
    'image-pull-secret': { type: 'string', describe: 'Secret for pulling the image' },
    'api-key-secret': {
      type: 'string',
      describe: 'pull with the API key in this Secret (apikey)',
      group: 'Identity',
    },
    ...pullIdentityOptions,
  },
  examples: [
    [
      'kubernetes daemonset --image us.icr.io/NAMESPACE/NAME@sha256:DIGEST | kubectl apply -f -',
      'install on all nodes',
    ],
    [
      'kubernetes daemonset --image IMAGE@sha256:DIGEST --service-accounts',
      'pods pull with their own identity',
    ],
  ],
  run: async (context, args) => {
    const { image, executable, namespace, imagePullSecret, apiKeySecret, ...who } = args;
    requireImage(image);
    const { manifests } = await import('../../kubernetes/manifests.ts');
    const options = { image, executable, namespace, imagePullSecret, apiKeySecret };
    context.stdout(manifests(options, await checkedOptions(who), await kubeletFlags()));
    warnOfTag(context, image, 'as root on every node');
    context.warn(
      'the DaemonSet does not restart the kubelet, and does not prepare new nodes',
      'use docker-credential-icr kubernetes manifests for new nodes',
    );
    context.warn(
      'the kubelet needs flags; set them only after the files are on the node',
      `start the kubelet with ${await kubeletFlags()}`,
    );
    context.warn(
      'on IKS and ROKS, only IBM can set these flags',
      'use docker-credential-icr kubernetes secret there',
    );
    for (const line of versionLines(who)) context.warn(line);
    return 0;
  },
};
