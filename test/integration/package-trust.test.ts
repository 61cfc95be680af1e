import { execFileSync, spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { lockedPackage, nodeLockfile } from '../../scripts/package/lockfile.ts';
import { readMember } from '../../scripts/package/npm-tarball.ts';
import { provenance } from '../../scripts/package/provenance.ts';
import { sign } from '../../scripts/package/sign.ts';
import { readStamp, root } from '../../scripts/package/stamp.ts';
import { sha256, writeSums } from '../../scripts/package/sums.ts';
import { chooseTargets, targets } from '../../scripts/package/targets.ts';
import { testUnless } from '../support/skip.ts';

const test = suite('release integrity');

/** Runs `use` in a directory that is removed afterwards. */
function inFolder(use: (folder: string) => void): void {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'trust-'));
  try {
    use(folder);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** Runs `use` with an `npm` first on PATH that always packs this file. */
function withNpm(file: string, use: () => void): void {
  const before = process.env.PATH;
  const bin = path.join(path.dirname(file), 'bin');
  fs.mkdirSync(bin, { recursive: true });
  const script = `#!/bin/sh\nfor word; do [ -d "$word" ] && cp "${file}" "$word/packed.tgz"; done\nexit 0\n`;
  fs.writeFileSync(path.join(bin, 'npm'), script, { mode: 0o755 });
  process.env.PATH = `${bin}:${before}`;
  try {
    use();
  } finally {
    process.env.PATH = before;
  }
}

test('accepts a runtime from the registry only if it matches the lockfile', () =>
  inFolder((folder) => {
    fs.mkdirSync(path.join(folder, 'package'));
    fs.writeFileSync(path.join(folder, 'package', 'bun'), 'the real one');
    const tarball = path.join(folder, 'packed.tgz');
    execFileSync('tar', ['-czf', tarball, '-C', folder, 'package']);
    const digest = crypto.createHash('sha512').update(fs.readFileSync(tarball)).digest('base64');
    const name = `test-${process.pid}`;
    const cached = path.join(root, 'node_modules', '.cache', 'runtimes', `${name}-1.0.0.tgz`);
    const real = { name, version: '1.0.0', integrity: `sha512-${digest}` };
    const other = { ...real, integrity: `sha512-${'A'.repeat(86)}==` };
    try {
      withNpm(tarball, () => {
        assert.throws(() => readMember(other, 'bun'), 'does not match the lockfile');
        assert.not.ok(fs.existsSync(cached), 'nothing of it is kept');
        assert.is(readMember(real, 'bun').toString(), 'the real one');
        // A modified cache entry is downloaded again.
        fs.writeFileSync(cached, 'another one');
        assert.is(readMember(real, 'bun').toString(), 'the real one');
      });
    } finally {
      fs.rmSync(cached, { force: true });
    }
  }));

test('the lockfile lists every runtime with the same version of Bun', () => {
  const { version } = lockedPackage('bun');
  for (const { bun } of targets) assert.is(lockedPackage(bun).version, version, bun);
  for (const major of [22, 24, 26]) {
    const locked = lockedPackage(`node${major}-linux-x64`, nodeLockfile);
    assert.ok(locked.version.startsWith(`${major}.`), locked.version);
  }
  assert.throws(() => lockedPackage('left-pad'), 'no sha512 of left-pad');
});

test('refuses an unknown target', () => {
  assert.throws(() => chooseTargets(['linux-x64', 'linux-z80']), 'no such target: linux-z80');
});

/** Skipped if the source is not a repository or Git is not installed. */
const isRepository = spawnSync('sh', ['-c', 'git rev-parse HEAD'], { cwd: root }).status === 0;
const inRepository = testUnless(test, !isRepository && 'not in a Git repository, or no git');

inRepository('uses the commit’s time, or SOURCE_DATE_EPOCH, as the release time', () => {
  assert.is(readStamp({ SOURCE_DATE_EPOCH: '1700000000' }).epoch, 1_700_000_000);
  assert.throws(() => readStamp({ SOURCE_DATE_EPOCH: 'yesterday' }), 'no number of seconds');
});

test('SHA256SUMS can be verified with sha256sum', () =>
  inFolder((folder) => {
    for (const name of ['b', 'a']) fs.writeFileSync(path.join(folder, name), name);
    writeSums(folder, ['b', 'a']);
    const text = fs.readFileSync(path.join(folder, 'SHA256SUMS'), 'utf8');
    assert.match(text, /^[0-9a-f]{64} {2}a\n[0-9a-f]{64} {2}b\n$/);
    if (spawnSync('sha256sum', ['--version']).error) return;
    execFileSync('sha256sum', ['--check', '--strict', '--quiet', 'SHA256SUMS'], { cwd: folder });
  }));

test('provenance lists the files with hashes, the commit and the dependencies', () =>
  inFolder((folder) => {
    const name = 'docker-credential-icr-1.2.3-linux-x64.tar.gz';
    fs.writeFileSync(path.join(folder, name), 'x');
    const stamp = { version: '1.2.3', commit: 'c'.repeat(40), epoch: 0 };
    const statement = JSON.parse(provenance(folder, [name], stamp, {}));
    assert.is(statement._type, 'https://in-toto.io/Statement/v1');
    assert.equal(statement.subject, [
      { name, digest: { sha256: sha256(path.join(folder, name)) } },
    ]);
    const { resolvedDependencies } = statement.predicate.buildDefinition;
    assert.equal(resolvedDependencies[0].digest, { gitCommit: stamp.commit });
    assert.match(JSON.stringify(resolvedDependencies), 'pkg:npm/%40oven/bun-linux-x64@');
    assert.not.match(JSON.stringify(statement), os.hostname());
    const node = { uri: 'pkg:generic/node@24.0.0', digest: { sha256: 'd'.repeat(64) } };
    assert.match(provenance(folder, [name], stamp, {}, node), node.uri);
    const env = {
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_REPOSITORY: 'a/b',
      GITHUB_RUN_ID: '7',
    };
    const there = provenance(folder, [name], stamp, env);
    assert.match(there, `git+https://github.com/a/b@${stamp.commit}`);
    assert.match(there, 'https://github.com/a/b/actions/runs/7');
  }));

test('signs nothing without a key and an identity', () =>
  inFolder((folder) => assert.equal(sign(folder, ['SHA256SUMS'], {}), [])));

test('throws if there is a key but no signing program', () =>
  inFolder((folder) => {
    const env = { PATH: folder, MINISIGN_SECRET_KEY_FILE: 'key' };
    assert.throws(() => sign(folder, ['SHA256SUMS'], env), 'minisign is not installed');
  }));

const minisign = spawnSync('minisign', ['-v']).error === undefined ? test : test.skip;
minisign('minisign verifies the signature', () =>
  inFolder((folder) => {
    const [key, pub] = [path.join(folder, 'key'), path.join(folder, 'pub')];
    execFileSync('minisign', ['-G', '-W', '-s', key, '-p', pub], { stdio: 'ignore' });
    fs.writeFileSync(path.join(folder, 'SHA256SUMS'), 'x');
    const env = { ...process.env, MINISIGN_SECRET_KEY_FILE: key };
    assert.equal(sign(folder, ['SHA256SUMS'], env), ['SHA256SUMS.minisig']);
    execFileSync('minisign', ['-V', '-q', '-p', pub, '-m', path.join(folder, 'SHA256SUMS')]);
  }),
);

test.run();
