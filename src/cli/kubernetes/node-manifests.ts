import { HelperError } from '../../errors.ts';
import type { Command } from '../command.ts';
import {
  checkedOptions,
  requireOnce,
  versionLines,
  type WhoPulls,
  whoPulls,
} from './provider-options.ts';

interface NodeManifestArgs extends WhoPulls {
  readonly kind: string;
  readonly url?: string;
  readonly sha256?: string;
  readonly role?: string;
}

export const nodeManifests: Command<NodeManifestArgs> = {
  options: {
    url: { type: 'string', describe: 'https:// address of a release archive for Linux' },
    sha256: { type: 'string', describe: 'checksum of the archive, from SHA256SUMS' },
    role: { type: 'string', describe: 'pool of the MachineConfig; worker by default' },
    ...whoPulls,
  },
  examples: [
    [
      'kubernetes manifests cloud-init --url https://… --sha256 … --node-profile Profile-…',
      'user data of new nodes',
    ],
    [
      'kubernetes manifests machineconfig --url https://… --sha256 … | oc apply -f -',
      'self-managed OpenShift',
    ],
  ],
  run: async (context, args) => {
    requireOnce(args);
    const { kind, url, sha256, role, ...who } = args;
    if (kind !== 'cloud-init' && kind !== 'machineconfig') throw unknownKind();
    if (kind === 'cloud-init' && role !== undefined) {
      throw new HelperError('invalid-input', '--role is for machineconfig only', {
        hint: 'remove --role',
      });
    }
    const { nodeInstall } = await import('../../kubernetes/node-install.ts');
    const install = nodeInstall({ url, sha256 }, await checkedOptions(who));
    if (kind === 'cloud-init') {
      const { cloudInit } = await import('../../kubernetes/cloud-init.ts');
      context.stdout(cloudInit(install));
    } else {
      const { machineConfig } = await import('../../kubernetes/machine-config.ts');
      context.stdout(machineConfig(install, role ?? 'worker'));
    }
    const { identityLines } = await import('./config-manifest.ts');
    for (const line of [...identityLines(who), ...versionLines(who)]) context.warn(line);
    return 0;
  },
};

function unknownKind(): HelperError {
  return new HelperError('invalid-input', 'unknown manifest', {
    hint: 'use cloud-init or machineconfig',
  });
}
