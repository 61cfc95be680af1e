import { HelperError } from '../errors.ts';
import { type ConfigOptions, requireConsistent } from './config-options.ts';
import { configFolder } from './install-script.ts';
import { requireObjectName } from './manifest-options.ts';
import { nodeScript } from './node-script.ts';
import { configFile, providerConfig, providerName } from './provider-config.ts';
import { textOf, yamlOf } from './yaml.ts';

interface Download {
  /** An archive of a release for Linux, or the executable. */
  readonly url: string | undefined;
  readonly sha256: string | undefined;
}

interface NodeFile {
  readonly path: string;
  /** In octal digits. */
  readonly mode: string;
  readonly content: string;
}

interface NodeInstall {
  readonly files: readonly NodeFile[];
  /** A systemd unit that runs before the kubelet. */
  readonly unit: { readonly name: string; readonly content: string };
}

const scriptFile = `${configFolder}/install.sh`;

/**
 * Returns the files of a new node: the configuration, and a unit that installs the executable and then sets the kubelet's
 * flags. They contain no API key, because all processes of a machine can read its user data. Throws `invalid-input`.
 */
export function nodeInstall(download: Download, options: ConfigOptions): NodeInstall {
  requireConsistent(options);
  const { url, sha256 } = requireDownload(download);
  return {
    files: [
      { path: configFile, mode: '0600', content: textOf(providerConfig(options)) },
      { path: scriptFile, mode: '0700', content: nodeScript({ url, sha256 }) },
    ],
    unit: { name: `${providerName}-install.service`, content: unit },
  };
}

/** If the unit fails, the kubelet starts without the flags: pods that need no credential still run. */
const unit = `[Unit]
Description=Install ${providerName} and set the flags of the kubelet
Wants=network-online.target
After=network-online.target
Before=kubelet.service

[Service]
Type=oneshot
RemainAfterExit=yes
TimeoutStartSec=5min
ExecStart=/bin/sh ${scriptFile}

[Install]
WantedBy=kubelet.service
`;

/** Both are written into a script, in single quotes. */
function requireDownload({ url = '', sha256 = '' }: Download): { url: string; sha256: string } {
  if (!/^https:\/\/[\w.-]+(?::\d+)?\/[\w./~+%-]+$/.test(url)) {
    throw new HelperError('invalid-input', 'invalid --url; expected https://HOST/PATH', {
      hint: 'use --url with the address of a release archive for Linux',
    });
  }
  if (!/^[0-9a-f]{64}$/i.test(sha256)) {
    throw new HelperError('invalid-input', 'invalid --sha256; expected 64 hexadecimal digits', {
      hint: 'use --sha256 with the checksum of the archive in SHA256SUMS',
    });
  }
  return { url, sha256: sha256.toLowerCase() };
}

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
