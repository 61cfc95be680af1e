import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from '../../scripts/package/stamp.ts';
import { executableName, targets } from '../../scripts/package/targets.ts';
import { findSignatureFault } from './code-signature.ts';
import { inScratch, isInstalled, releaseFiles, releaseFolder, run, version } from './release.ts';

const test = suite('the archives of a release');

const documents = [
  'LICENSE',
  'THIRD-PARTY-NOTICES.md',
  'completions/bash/docker-credential-icr',
  'completions/fish/docker-credential-icr.fish',
  'completions/zsh/_docker-credential-icr',
  'man/man1/docker-credential-icr.1',
];

/** Checks of an executable's magic number and machine type. */
const machines: Readonly<Record<string, (data: Buffer) => boolean>> = {
  'linux-x64': (data) => data.readUInt32BE(0) === 0x7f454c46 && data.readUInt16LE(18) === 62,
  'linux-arm64': (data) => data.readUInt32BE(0) === 0x7f454c46 && data.readUInt16LE(18) === 183,
  'darwin-x64': (data) =>
    data.readUInt32LE(0) === 0xfeedfacf && data.readUInt32LE(4) === 0x01000007,
  'darwin-arm64': (data) =>
    data.readUInt32LE(0) === 0xfeedfacf && data.readUInt32LE(4) === 0x0100000c,
  'windows-x64': (data) => peMachine(data) === 0x8664,
  'windows-arm64': (data) => peMachine(data) === 0xaa64,
};

function peMachine(data: Buffer): number {
  const header = data.readUInt32LE(0x3c);
  return data.toString('latin1', header, header + 4) === 'PE\0\0'
    ? data.readUInt16LE(header + 4)
    : 0;
}

/** Returns relative paths with `/` as separator. */
function filesIn(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => fs.statSync(path.join(folder, name)).isFile())
    .sort();
}

for (const target of targets) {
  const top = `docker-credential-icr-${version}-${target.name}`;
  const [archive] = releaseFiles(new RegExp(`^${top}\\.(tar\\.gz|zip)$`));
  (archive ? test : test.skip)(`${target.name}: contains the executable and the documents`, () =>
    inScratch((folder) => {
      const file = path.join(releaseFolder, archive ?? '');
      run(
        ...((file.endsWith('.zip') ? ['unzip', ['-q', file]] : ['tar', ['-xzf', file]]) as [
          string,
          string[],
        ]),
        folder,
      );
      assert.equal(fs.readdirSync(folder), [top]);
      const whole = path.join(folder, top);
      assert.equal(filesIn(whole), [...documents, executableName(target)].sort());
      const executable = path.join(whole, executableName(target));
      assert.is(fs.statSync(executable).mode & 0o777, 0o755);
      const data = fs.readFileSync(executable);
      assert.ok(
        machines[`${target.os}-${target.arch}`]?.(data),
        'the executable is for another machine',
      );
      assert.ok(data.includes(`v${version}`) || data.includes(version), 'the version is missing');
      assert.not.ok(data.includes(root), 'the executable contains the build directory');
      if (target.os === 'darwin') assert.is(findSignatureFault(data), undefined);
    }),
  );
}

test('SHA256SUMS contains the correct checksums of all files except the signatures', () => {
  run('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS']);
  const listed = fs.readFileSync(path.join(releaseFolder, 'SHA256SUMS'), 'utf8').match(/\S+$/gm);
  assert.equal(listed, releaseFiles(/^(?!SHA256SUMS|.*\.(minisig|sigstore\.json)$)/));
});

test('the SBOM contains all packages of the notices and the runtimes', () => {
  const [name = ''] = releaseFiles(/\.cdx\.json$/);
  const bom = JSON.parse(fs.readFileSync(path.join(releaseFolder, name), 'utf8'));
  assert.is(bom.bomFormat, 'CycloneDX');
  const components = new Set(
    bom.components.map((each: { name: string; version: string }) => `${each.name} ${each.version}`),
  );
  const notices = fs.readFileSync(
    path.join(root, 'dist', 'npm', 'docker-credential-icr', 'THIRD-PARTY-NOTICES.md'),
    'utf8',
  );
  const named = [...notices.matchAll(/^## (\S+ \d\S*) \(/gm)].map(([, each = '']) => each);
  assert.ok(named.length > 20);
  for (const each of named.filter((one) => !one.startsWith('pkg ')))
    assert.ok(components.has(each), each);
  const inside = releaseFiles(/-node\.tar\.gz$/).length > 0 ? ['bun', 'node', 'pkg'] : ['bun'];
  for (const each of inside)
    assert.ok(
      [...components].some((one) => RegExp(`\\b${each} \\d`).test(String(one))),
      each,
    );
  assert.not.match(JSON.stringify(bom), root);
});

for (const [pattern, tool, words, expected] of [
  [/\.deb$/, 'dpkg-deb', ['--info'], /Package: docker-credential-icr/],
  [/\.rpm$/, 'rpm', ['-qpi'], /Name +: docker-credential-icr/],
] as const) {
  for (const name of releaseFiles(pattern)) {
    (isInstalled(tool) ? test : test.skip)(`${name}: ${tool} accepts the package`, () => {
      assert.match(run(tool, [...words, name]), expected);
    });
  }
}

for (const name of releaseFiles(/\.deb$/)) {
  (isInstalled('lintian') ? test : test.skip)(`${name}: lintian reports nothing`, () => {
    assert.is(run('lintian', ['--fail-on', 'error,warning', name]), '');
  });
}

for (const name of releaseFiles(/_amd64\.deb$/)) {
  (isInstalled('dpkg-deb') ? test : test.skip)(
    `${name}: contains a working executable and the manual page`,
    () =>
      inScratch((folder) => {
        run('dpkg-deb', ['-x', path.join(releaseFolder, name), folder]);
        assert.match(run(path.join(folder, 'usr/bin/docker-credential-icr'), ['version']), version);
        const page = run('gzip', [
          '-dc',
          path.join(folder, 'usr/share/man/man1/docker-credential-icr.1.gz'),
        ]);
        assert.match(page, '.TH DOCKER-CREDENTIAL-ICR');
      }),
  );
}

test.run();
