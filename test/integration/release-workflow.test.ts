import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('release workflow');
const workflow = fs.readFileSync(
  path.resolve(import.meta.dirname, '../../.github/workflows/release.yml'),
  'utf8',
);

/** Returns the bash script of the step that contains `call`. */
function stepWith(call: string): string {
  const steps = workflow
    .split(/^ {6}- /m)
    .map((step) => /^run: \|\n((?: {10}.*\n)+)/.exec(step)?.[1]);
  const found = steps.find((step) => step?.includes(call));
  if (found === undefined) throw new Error(`no step with ${call}`);
  return found.replaceAll(/^ {10}/gm, '');
}

const files = ['linux-x64-0.1.0', 'darwin-arm64-0.1.0', '0.1.0'].map(
  (name) => `docker-credential-icr-${name}.tgz`,
);

/** Returns the program's arguments, one line per call, for a release with this tag. */
function callsOf(program: string, call: string, tag: string): string[] {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'workflow-'));
  try {
    fs.mkdirSync(path.join(folder, 'release'));
    for (const name of files) fs.writeFileSync(path.join(folder, 'release', name), '');
    const standIn = '#!/bin/sh\necho "$*"\n';
    fs.writeFileSync(path.join(folder, program), standIn, { mode: 0o755 });
    const words = ['--noprofile', '--norc', '-eo', 'pipefail', '-c', stepWith(call)];
    const env = { PATH: `${folder}:/usr/bin:/bin`, GITHUB_REF_NAME: tag };
    const { stdout, stderr } = spawnSync('bash', words, { cwd: folder, env, encoding: 'utf8' });
    // Patterns for Windows files do not match any file here.
    return `${stdout}${stderr}`.split('\n').filter((line) => line !== '' && !line.includes('*'));
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

const rows: readonly [tag: string, npmTag: string, isMarked: boolean][] = [
  ['v0.1.0', 'latest', false],
  ['v0.1.0-rc.1', 'next', true],
  ['v0.1.0+build-7', 'latest', false],
];

for (const [tag, npmTag, isMarked] of rows) {
  test(`${tag}: publishes files with the npm tag ${npmTag}, the main package last`, () => {
    const [linux, darwin, main] = files;
    assert.equal(
      callsOf('npm', 'npm publish', tag),
      [linux, darwin, main].map(
        (name) => `publish ./release/${name} --access public --provenance --tag ${npmTag}`,
      ),
    );
    const [call = ''] = callsOf('gh', 'gh release create', tag);
    assert.ok(call.startsWith(`release create ${tag} `), call);
    assert.is(call.includes(' --prerelease '), isMarked, call);
  });
}

test('pushes each image of the layout by its tag, and signs the images', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'workflow-'));
  try {
    const tags = ['1.2.3 sha256:0', 'sha256-a.sbom sha256:1', '1.2.3-daemonset sha256:2', ''];
    fs.writeFileSync(path.join(folder, 'image-tags'), tags.join('\n'));
    for (const program of ['docker', 'skopeo', 'cosign']) {
      const body = `#!/bin/sh\n[ ${program} = docker ] || echo "${program} $*"\n`;
      fs.writeFileSync(path.join(folder, program), body, { mode: 0o755 });
    }
    const env = { PATH: `${folder}:/usr/bin:/bin`, GITHUB_REPOSITORY: 'Team/Icr' };
    const words = ['-e', '-c', stepWith('skopeo copy')];
    const { stdout, stderr } = spawnSync('bash', words, { cwd: folder, env, encoding: 'utf8' });
    const copy = 'skopeo copy --all --preserve-digests oci:image:';
    const image = 'ghcr.io/team/icr';
    assert.equal(`${stdout}${stderr}`.trim().split('\n'), [
      `${copy}1.2.3 docker://${image}:1.2.3`,
      `cosign sign --yes ${image}@sha256:0`,
      `${copy}sha256-a.sbom docker://${image}:sha256-a.sbom`,
      `${copy}1.2.3-daemonset docker://${image}:1.2.3-daemonset`,
      `cosign sign --yes ${image}@sha256:2`,
    ]);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});

const workflows = path.resolve(import.meta.dirname, '../../.github/workflows');

for (const name of fs.readdirSync(workflows)) {
  test(`${name}: contains no package registry and no registry token`, () => {
    const text = fs.readFileSync(path.join(workflows, name), 'utf8');
    assert.not.match(
      text,
      /registry-url|--registry|registry\.npmjs|npm_config_|NODE_AUTH_TOKEN|NPM_TOKEN/i,
    );
  });
}

test.run();
