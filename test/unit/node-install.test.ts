import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { cloudInit, machineConfig, nodeInstall } from '../../src/kubernetes/node-install.ts';
import { nodeScript } from '../../src/kubernetes/node-script.ts';
import { readProviderConfig } from '../kubelet/config.ts';
import { fails } from '../support/rejects.ts';
import { testUnless } from '../support/skip.ts';

const nodes = suite('installation on new nodes');

const url = 'https://example.com/v1/docker-credential-icr-1.0.0-linux-x64.tar.gz';
const sha256 = 'AB'.repeat(32);
const options = { audience: 'iam', nodeProfile: 'Profile-1' };
const configFile = '/etc/docker-credential-icr/credential-provider.yaml';
const scriptFile = '/etc/docker-credential-icr/install.sh';
const unitName = 'docker-credential-icr-install.service';

interface WrittenFile {
  readonly path: string;
  readonly content: string;
  readonly permissions: string;
}

nodes('cloud-init writes all files before it runs the unit', () => {
  const text = cloudInit(nodeInstall({ url, sha256 }, options));
  assert.match(text, /^#cloud-config\n/);
  const { write_files, runcmd, ...rest } = parse(text, { version: '1.1' });
  assert.equal(rest, {});
  const files: readonly WrittenFile[] = write_files;
  assert.equal(
    files.map((file) => `${file.path} ${file.permissions}`),
    [`${configFile} 0600`, `${scriptFile} 0700`, `/etc/systemd/system/${unitName} 0644`],
  );
  const [config, script, unit] = files;
  const [provider] = readProviderConfig(config?.content ?? '').providers;
  assert.equal(provider?.args, ['kubelet', '--node-profile=Profile-1']);
  assert.match(script?.content ?? '', `sha256='${sha256.toLowerCase()}'`);
  assert.match(unit?.content ?? '', /^Before=kubelet\.service$/m);
  assert.match(unit?.content ?? '', /^WantedBy=kubelet\.service$/m);
  assert.equal(runcmd[1], ['systemctl', 'enable', '--now', unitName]);
});

/** Real programs that check a file, and the file. */
const validators = [
  {
    words: ['cloud-init', 'schema', '--config-file', 'user-data'],
    text: (install: Install) => cloudInit(install),
  },
  {
    words: ['ignition-validate', 'config.ign'],
    text: (install: Install) =>
      JSON.stringify(parse(machineConfig(install, 'worker'), { version: '1.1' }).spec.config),
  },
  {
    words: ['systemd-analyze', 'verify', '--man=no', unitName],
    text: ({ unit }: Install) => unit.content,
  },
];
type Install = ReturnType<typeof nodeInstall>;

for (const { words, text } of validators) {
  const [program = '', ...args] = words;
  const isMissing = spawnSync(program, ['--help']).error !== undefined;
  const checked = testUnless(nodes, isMissing && `not installed: ${program}`);
  checked(`${program} accepts the files`, () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-node-'));
    try {
      fs.writeFileSync(
        path.join(folder, args.at(-1) ?? ''),
        text(nodeInstall({ url, sha256 }, options)),
      );
      const { status, stdout, stderr } = spawnSync(program, args, {
        cwd: folder,
        encoding: 'utf8',
      });
      assert.is(status, 0, stdout + stderr);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });
}

nodes('a MachineConfig has the same files, in base64', () => {
  const install = nodeInstall({ url, sha256 }, options);
  const object = parse(machineConfig(install, 'infra'), { version: '1.1' });
  assert.is(object.kind, 'MachineConfig');
  assert.is(object.metadata.name, '99-infra-docker-credential-icr');
  assert.equal(object.metadata.labels, { 'machineconfiguration.openshift.io/role': 'infra' });
  const { ignition, storage, systemd } = object.spec.config;
  assert.equal(ignition, { version: '3.2.0' });
  const files = storage.files.map(
    (file: { path: string; mode: number; contents: { source: string } }) => {
      const [head, data = ''] = file.contents.source.split(',');
      assert.is(head, 'data:;base64');
      return { path: file.path, mode: file.mode, content: Buffer.from(data, 'base64').toString() };
    },
  );
  const expected = install.files.map((file) => ({ ...file, mode: Number.parseInt(file.mode, 8) }));
  assert.equal(files, expected);
  assert.equal(systemd.units, [{ name: unitName, enabled: true, contents: install.unit.content }]);
});

const invalid: readonly (readonly [change: object, problem: RegExp])[] = [
  [{ url: undefined }, /--url/],
  [{ url: 'http://example.com/a' }, /--url/],
  [{ url: 'https://user@example.com/a' }, /--url/],
  [{ url: "https://example.com/a'" }, /--url/],
  [{ url: 'https://example.com/$(id)' }, /--url/],
  [{ url: 'https://example.com/a\nb' }, /--url/],
  [{ sha256: undefined }, /--sha256/],
  [{ sha256: 'ab' }, /--sha256/],
  [{ sha256: `${sha256}0` }, /--sha256/],
];
nodes('a download needs an address and a checksum', () => {
  for (const [change, problem] of invalid) {
    fails(() => nodeInstall({ url, sha256, ...change }, options), 'invalid-input', problem);
  }
  const contradictory = { ...options, present: 'cp' };
  fails(() => nodeInstall({ url, sha256 }, contradictory), 'invalid-input', /cannot be presented/);
  const install = nodeInstall({ url, sha256 }, options);
  fails(() => machineConfig(install, 'Worker'), 'invalid-input');
});

const kubeadm = `# /lib/systemd/system/kubelet.service
[Service]
ExecStart=/usr/bin/kubelet
Restart=always

# /etc/systemd/system/kubelet.service.d/10-kubeadm.conf
[Service]
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_CONFIG_ARGS $KUBELET_EXTRA_ARGS
`;
const openShift = `[Service]
ExecStartPre=/bin/mkdir --parents /etc/kubernetes/manifests
ExecStart=/usr/local/bin/kubenswrapper \\
    /usr/bin/kubelet \\
      --config=/etc/kubernetes/kubelet.conf \\
      --node-ip=\${KUBELET_NODE_IP} \\
      --v=\${KUBELET_LOG_LEVEL}

Restart=always
[Install]
WantedBy=multi-user.target
`;

interface Machine {
  readonly root: string;
  readonly file: (name: string) => string;
  readonly run: (given?: Given) => { readonly status: number | null; readonly stderr: string };
}

interface Given {
  readonly unit?: string;
  readonly address?: string;
  readonly checksum?: string;
  /** The download fails if the file does not exist. */
  readonly download?: string;
}

const works = '#!/bin/sh\necho "docker-credential-icr v1"\n';

/** A machine with stand-ins of curl and systemctl, and an archive whose executable is `content`. */
function onMachine(content: string, use: (machine: Machine) => void): void {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-machine-'));
  const file = (name: string) => path.join(root, name);
  const program = (name: string, text: string) => {
    fs.mkdirSync(path.dirname(file(name)), { recursive: true });
    fs.writeFileSync(file(name), text, { mode: 0o755 });
  };
  program('release/docker-credential-icr', content);
  program(
    'stand-ins/curl',
    'for last; do [ "$previous" != -o ] || cp "$DOWNLOAD" "$last" || exit 22; previous=$last; done\n',
  );
  program('stand-ins/systemctl', '[ "$1" != cat ] || cat "$UNIT"\n');
  program('etc/docker-credential-icr/credential-provider.yaml', 'config');
  execFileSync('tar', ['-czf', file('archive'), '-C', root, 'release']);
  const archived = createHash('sha256')
    .update(fs.readFileSync(file('archive')))
    .digest('hex');
  const run: Machine['run'] = ({ unit = kubeadm, download = 'archive', ...given } = {}) => {
    fs.writeFileSync(file('unit'), unit);
    const { address = url, checksum = archived } = given;
    return spawnSync('/bin/sh', ['-c', nodeScript({ url: address, sha256: checksum, root })], {
      encoding: 'utf8',
      env: {
        PATH: `${file('stand-ins')}:${process.env.PATH}`,
        DOWNLOAD: file(download),
        UNIT: file('unit'),
      },
    });
  };
  try {
    use({ root, file, run });
  } finally {
    fs.rmSync(root, { recursive: true });
  }
}

const executable = 'opt/docker-credential-icr/bin/docker-credential-icr';
const dropIn = 'run/systemd/system/kubelet.service.d/zz-docker-credential-icr.conf';

for (const [what, unit, command] of [
  ['kubeadm', kubeadm, 'ExecStart=/usr/bin/kubelet $KUBELET_CONFIG_ARGS $KUBELET_EXTRA_ARGS'],
  ['OpenShift', openShift, /ExecStart=.*KUBELET_LOG_LEVEL}/s.exec(openShift)?.[0] ?? ''],
] as const) {
  nodes(`the script installs the executable and appends the flags on ${what}`, () =>
    onMachine(works, ({ root, file, run }) => {
      const { status, stderr } = run({ unit });
      assert.equal({ status, stderr }, { status: 0, stderr: '' });
      assert.is(fs.readFileSync(file(executable), 'utf8'), works);
      assert.is(fs.statSync(file(executable)).mode & 0o777, 0o755);
      const bin = path.dirname(executable);
      const names = ['docker-credential-icr', 'docker-credential-icr.sha256'];
      assert.equal(fs.readdirSync(file(bin)).sort(), names);
      assert.is(
        fs.readFileSync(file(dropIn), 'utf8'),
        `[Service]\nExecStart=\n${command} \\\n  --image-credential-provider-config=${root}${configFile} \\\n  --image-credential-provider-bin-dir=${root}/${bin}\n`,
      );
    }),
  );
}

nodes('a later start needs no download, and sets the flags again', () =>
  onMachine(works, ({ file, run }) => {
    assert.is(run().status, 0);
    fs.rmSync(file(dropIn));
    assert.is(run({ download: 'none' }).status, 0);
    assert.ok(fs.existsSync(file(dropIn)));
    const { status, stderr } = run({ download: 'none', checksum: '0'.repeat(64) });
    assert.is(status, 1);
    assert.match(stderr, 'cannot download');
  }),
);

nodes('the download may be the executable itself', () =>
  onMachine(works, ({ file, run }) => {
    const checksum = createHash('sha256').update(works).digest('hex');
    const address = 'https://example.com/docker-credential-icr';
    const download = 'release/docker-credential-icr';
    assert.is(run({ address, checksum, download }).status, 0);
    assert.is(fs.readFileSync(file(executable), 'utf8'), works);
  }),
);

const failures: readonly (readonly [
  what: string,
  content: string,
  given: Given,
  reason: string,
])[] = [
  ['a failed download', works, { download: 'none' }, `cannot download ${url}`],
  ['a wrong checksum', works, { checksum: '0'.repeat(64) }, `checksum mismatch of ${url}`],
  ['an executable for another machine', '#!/bin/sh\nexit 1\n', {}, `${url} does not run`],
  [
    'another credential provider',
    works,
    { unit: '[Service]\nExecStart=/usr/bin/kubelet --image-credential-provider-config=/x\n' },
    'the kubelet already has a credential provider; add the entry of',
  ],
  ['a missing unit', works, { unit: '' }, 'kubelet.service has no command'],
  [
    'a unit without a command',
    works,
    { unit: '[Service]\nExecStart=\n' },
    'kubelet.service has no',
  ],
];
for (const [what, content, given, reason] of failures) {
  nodes(`the script sets no flags after ${what}`, () =>
    onMachine(content, ({ file, run }) => {
      const { status, stderr } = run(given);
      assert.is(status, 1);
      assert.match(stderr, `docker-credential-icr: ${reason}`);
      assert.not.ok(fs.existsSync(file(dropIn)));
    }),
  );
}

nodes.run();
