import { requireObjectName } from './names.ts';
import type { NodeInstall } from './node-install.ts';
import { yamlOf } from './yaml.ts';

/**
 * Returns a MachineConfig for a pool of self-managed OpenShift. The operator accepts only files whose content is in the
 * object, which is too small for an executable, so the unit downloads it. Throws `invalid-input` for an invalid role.
 */
export function machineConfig({ files, unit }: NodeInstall, role: string): string {
  const group = 'machineconfiguration.openshift.io';
  const object = {
    apiVersion: `${group}/v1`,
    kind: 'MachineConfig',
    metadata: {
      name: `99-${requireObjectName(role)}-docker-credential-icr`,
      labels: { [`${group}/role`]: role },
    },
    spec: {
      config: {
        ignition: { version: '3.2.0' },
        storage: {
          files: files.map(({ path, mode, content }) => ({
            path,
            mode: Number.parseInt(mode, 8),
            overwrite: true,
            contents: { source: `data:;base64,${Buffer.from(content).toString('base64')}` },
          })),
        },
        systemd: { units: [{ name: unit.name, enabled: true, contents: unit.content }] },
      },
    },
  };
  return yamlOf(
    [object],
    [
      'Installs docker-credential-icr before the kubelet gets its flags. The Machine Config Operator restarts the nodes',
      `of the pool ${role}, one after the other.`,
    ],
  );
}
