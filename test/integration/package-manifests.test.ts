import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { stampInstaller } from '../../scripts/package/installer.ts';
import { findLocation } from '../../scripts/package/location.ts';
import { writeManifests } from '../../scripts/package/manifests.ts';
import { sha256 } from '../../scripts/package/sums.ts';
import { archiveName, targets } from '../../scripts/package/targets.ts';
import { fillTemplate } from '../../scripts/package/template.ts';

const test = suite('release manifests');
const stamp = { version: '1.2.3', commit: 'c'.repeat(40), epoch: 0 };
const location = { baseUrl: 'https://downloads.example/icr', homepage: 'https://icr.example' };

/** Runs `use` with a release of empty archives. */
function inRelease(names: readonly string[], use: (folder: string) => void): void {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'manifests-'));
  try {
    for (const target of targets.filter(({ name }) => names.includes(name))) {
      fs.writeFileSync(path.join(folder, archiveName(target, stamp.version)), target.name);
    }
    use(folder);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

const all = targets.map(({ name }) => name);

test('Homebrew formula: lists the macOS and Linux archives with their hashes', () =>
  inRelease(all, (folder) => {
    writeManifests(folder, stamp, location);
    const file = path.join(folder, 'docker-credential-icr.rb');
    const formula = fs.readFileSync(file, 'utf8');
    for (const name of ['darwin-arm64', 'darwin-x64', 'linux-arm64', 'linux-x64']) {
      const archive = `docker-credential-icr-1.2.3-${name}.tar.gz`;
      assert.ok(formula.includes(`url "https://downloads.example/icr/v1.2.3/${archive}"`), name);
      assert.ok(formula.includes(`sha256 "${sha256(path.join(folder, archive))}"`), name);
    }
    if (spawnSync('ruby', ['--version']).error === undefined) execFileSync('ruby', ['-c', file]);
  }));

test('Scoop manifest: lists the Windows archives and the required fields', () =>
  inRelease(all, (folder) => {
    writeManifests(folder, stamp, location);
    const text = fs.readFileSync(path.join(folder, 'docker-credential-icr.json'), 'utf8');
    const manifest = JSON.parse(text);
    for (const field of ['version', 'description', 'homepage', 'license', 'bin']) {
      assert.type(manifest[field], 'string', field);
    }
    const { url, hash, extract_dir } = manifest.architecture['64bit'];
    assert.is(
      url,
      'https://downloads.example/icr/v1.2.3/docker-credential-icr-1.2.3-windows-x64.zip',
    );
    assert.is(hash, sha256(path.join(folder, path.basename(url))));
    assert.is(extract_dir, path.basename(url, '.zip'));
    assert.match(manifest.architecture.arm64.url, 'windows-arm64.zip');
  }));

test('partial release: writes complete manifests only', () =>
  inRelease(['windows-x64', 'windows-arm64', 'linux-x64'], (folder) => {
    assert.equal(writeManifests(folder, stamp, location), ['docker-credential-icr.json']);
  }));

test('install.sh of a release contains version, location and signer', () => {
  const env = {
    MINISIGN_PUBLIC_KEY: 'RWQabc+/=',
    COSIGN_IDENTITY: 'https://github.com/a/b/x@refs/y',
  };
  const text = stampInstaller(stamp, location, env);
  for (const line of [
    "release_version='1.2.3'",
    "release_base_url='https://downloads.example/icr'",
    "release_minisign_key='RWQabc+/='",
    "release_cosign_identity='https://github.com/a/b/x@refs/y'",
  ]) {
    assert.ok(text.includes(`\n${line}\n`), line);
  }
  const words = ['-s', '--', '--dry-run', '--prefix=/nowhere'];
  const { stdout, status } = spawnSync('sh', words, { input: text, encoding: 'utf8' });
  assert.is(status, 0);
  assert.match(stdout, 'https://downloads.example/icr/v1.2.3/docker-credential-icr-1.2.3-');
  const trap = { MINISIGN_PUBLIC_KEY: `'; rm -rf ~; '` };
  assert.throws(() => stampInstaller(stamp, location, trap), 'not safe in a script');
});

test('finds the release location in BASE_URL, then in GitHub’s variables', () => {
  assert.is(findLocation({}), undefined);
  assert.equal(findLocation({ BASE_URL: 'https://a.example/b/', HOMEPAGE: 'https://c.example' }), {
    baseUrl: 'https://a.example/b',
    homepage: 'https://c.example',
  });
  const github = { GITHUB_SERVER_URL: 'https://github.com', GITHUB_REPOSITORY: 'a/b' };
  assert.is(findLocation(github)?.baseUrl, 'https://github.com/a/b/releases/download');
  assert.throws(() => findLocation({ BASE_URL: 'http://a.example' }), 'is not https://');
});

test('a template with an unknown name is an error', () => {
  assert.throws(() => fillTemplate('debian/control', { VERSION: '1' }), 'needs a value for ARCH');
});

test.run();
