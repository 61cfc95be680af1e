import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  npmName,
  packStaged,
  stageExecutable,
  stageMain,
} from '../../scripts/package/npm-packages.ts';
import { root, type Stamp } from '../../scripts/package/stamp.ts';
import { targets } from '../../scripts/package/targets.ts';

const test = suite("npm's packages");
const stamp: Stamp = { version: '1.2.3', commit: 'c'.repeat(40), epoch: 0 };
const documents = ['LICENSE', 'THIRD-PARTY-NOTICES.md', 'man/man1/x.1'].map((name) => ({
  name,
  data: Buffer.from(name),
}));
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'npm-packages-'));
test.after(() => fs.rmSync(folder, { recursive: true }));

await stageMain(path.join(folder, 'main'), documents, stamp);
const tarball = packStaged(path.join(folder, 'main'), path.join(folder, 'out'));

/** The files that npm would give to everybody, unpacked. */
function unpack(name: string): string[] {
  const into = path.join(folder, `unpacked-${name}`);
  fs.mkdirSync(into, { recursive: true });
  execFileSync('tar', ['-xzf', path.join(folder, 'out', name), '-C', into]);
  const whole = path.join(into, 'package');
  return fs
    .readdirSync(whole, { recursive: true, encoding: 'utf8' })
    .map((each) => path.join(whole, each))
    .filter((file) => fs.statSync(file).isFile());
}

test('what is packed is the program, what starts it, and the licences', () => {
  const names = unpack(tarball).map((file) => file.replace(/^.*\/package\//, ''));
  const others = names.filter((name) => !/^lib\/(main|chunk-\w+|[\w-]+-\w{8})\.js$/.test(name));
  assert.equal(others.sort(), [
    'LICENSE',
    'README.md',
    'THIRD-PARTY-NOTICES.md',
    'bin/docker-credential-icr.js',
    'find-executable.js',
    'install.js',
    'package.json',
  ]);
  assert.ok(names.includes('lib/main.js'));
});

test('no test, no source map, no secret, and no path of this machine', () => {
  for (const file of unpack(tarball)) {
    const text = fs.readFileSync(file, 'utf8');
    for (const word of ['canary', 'sourceMappingURL', 'uvu', root, os.homedir(), os.tmpdir()]) {
      if (word.length > 3) assert.not.ok(text.includes(word), `${file}: ${word}`);
    }
  }
});

test('the same commit packs to the same bytes, also for whoever keeps files to themselves', async () => {
  const umask = process.umask(0o077);
  await stageMain(path.join(folder, 'again'), documents, stamp);
  const again = packStaged(path.join(folder, 'again'), path.join(folder, 'out-again'));
  process.umask(umask);
  assert.equal(
    fs.readFileSync(path.join(folder, 'out-again', again)),
    fs.readFileSync(path.join(folder, 'out', tarball)),
  );
});

test('each platform has a package of its own, which npm chooses by os, cpu and libc', () => {
  const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'main', 'package.json'), 'utf8'));
  assert.equal(Object.keys(manifest.optionalDependencies).sort(), [
    'docker-credential-icr-darwin-arm64',
    'docker-credential-icr-darwin-x64',
    'docker-credential-icr-linux-arm64',
    'docker-credential-icr-linux-arm64-musl',
    'docker-credential-icr-linux-x64',
    'docker-credential-icr-linux-x64-musl',
    'docker-credential-icr-win32-arm64',
    'docker-credential-icr-win32-x64',
  ]);
  assert.equal([...new Set(Object.values(manifest.optionalDependencies))], ['1.2.3']);
  const target = targets.find(({ name }) => name === 'linux-x64-musl');
  if (target === undefined) throw new Error('no such target');
  const own = path.join(folder, npmName(target));
  stageExecutable(own, target, path.join(folder, 'main', 'install.js'), documents, stamp);
  const {
    name,
    os: systems,
    cpu,
    libc,
  } = JSON.parse(fs.readFileSync(path.join(own, 'package.json'), 'utf8'));
  assert.equal(
    [name, systems, cpu, libc],
    ['docker-credential-icr-linux-x64-musl', ['linux'], ['x64'], ['musl']],
  );
});

test('the scripts are what Node reads', () => {
  for (const name of ['install.js', 'find-executable.js', 'bin/docker-credential-icr.js']) {
    const { status, stderr } = spawnSync('node', ['--check', path.join(folder, 'main', name)]);
    assert.is(status, 0, String(stderr));
  }
});

test.run();
