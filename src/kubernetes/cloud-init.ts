import type { NodeInstall } from './node-install.ts';
import { textOf } from './yaml.ts';

/** Returns user data for cloud-init. Its first line is the type of the file. */
export function cloudInit({ files, unit }: NodeInstall): string {
  const unitFile = {
    path: `/etc/systemd/system/${unit.name}`,
    mode: '0644',
    content: unit.content,
  };
  return `#cloud-config
# Installs docker-credential-icr before the kubelet gets its flags. If you merge it into other user data, run these commands
# after kubelet.service is installed and before "kubeadm join".
${textOf({
  write_files: [...files, unitFile].map(({ path, mode, content }) => ({
    path,
    owner: 'root:root',
    permissions: mode,
    content,
  })),
  runcmd: [
    ['systemctl', 'daemon-reload'],
    ['systemctl', 'enable', '--now', unit.name],
    // Does nothing if the kubelet is not running yet.
    ['systemctl', 'try-restart', 'kubelet.service'],
  ],
})}`;
}
