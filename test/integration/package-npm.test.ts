import { execFileSync, spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
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
import { testUnless } from '../support/skip.ts';

const test = suite('npm packages');
const stamp: Stamp = { version: '1.2.3', commit: 'c'.repeat(40), epoch: 0 };
const documents = ['LICENSE', 'THIRD-PARTY-NOTICES.md', 'man/man1/x.1'].map((name) => ({
  name,
  data: Buffer.from(name),
}));
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'npm-packages-'));
test.after(() => fs.rmSync(folder, { recursive: true }));

/** Replaces the executable. */
const standIn = '#!/bin/sh\necho "the executable, $*"\n';
const standInFile = path.join(folder, 'stand-in');
fs.writeFileSync(standInFile, standIn);
const sums = Object.fromEntries(
  targets.map((target) => [
    npmName(target),
    crypto.createHash('sha256').update(standIn).digest('hex'),
  ]),
);

await stageMain(path.join(folder, 'main'), documents, stamp, sums);
const tarball = packStaged(path.join(folder, 'main'), path.join(folder, 'out'));

/** The unpacked files that npm would publish. */
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

test('contain the program, its launcher and the licenses only', () => {
  const names = unpack(tarball).map((file) => file.replace(/^.*\/package\//, ''));
  const others = names.filter((name) => !/^lib\/(main|chunk-\w+|[\w-]+-\w{8})\.js$/.test(name));
  assert.equal(others.sort(), [
    'LICENSE',
    'README.md',
    'THIRD-PARTY-NOTICES.md',
    'bin/docker-credential-icr.js',
    'executables.json',
    'find-executable.js',
    'install.js',
    'package.json',
  ]);
  assert.ok(names.includes('lib/main.js'));
});

test('contain no test, source map, secret or path of this machine', () => {
  for (const file of unpack(tarball)) {
    const text = fs.readFileSync(file, 'utf8');
    for (const word of [
      'canary',
      'sourceMappingURL',
      'uvu',
      root,
      os.homedir(),
      `${os.tmpdir()}/`,
    ]) {
      if (word.length > 3) assert.not.ok(text.includes(word), `${file}: ${word}`);
    }
  }
});

test('are reproducible under any umask', async () => {
  const umask = process.umask(0o077);
  await stageMain(path.join(folder, 'again'), documents, stamp, sums);
  const again = packStaged(path.join(folder, 'again'), path.join(folder, 'out-again'));
  process.umask(umask);
  assert.equal(
    fs.readFileSync(path.join(folder, 'out-again', again)),
    fs.readFileSync(path.join(folder, 'out', tarball)),
  );
});

test('include one package per platform, which npm selects by os, cpu and libc', () => {
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
  assert.equal(stageExecutable(own, target, standInFile, documents, stamp), {
    [npmName(target)]: sums[npmName(target)],
  });
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

test('contain scripts that the oldest supported Node can run', () => {
  for (const name of ['install.js', 'find-executable.js', 'bin/docker-credential-icr.js']) {
    const file = path.join(folder, 'main', name);
    const { status, stderr } = spawnSync('node', ['--check', file]);
    assert.is(status, 0, String(stderr));
    // Node 18 in Debian 12 supports neither, and npm would fail to install the package.
    assert.not.match(fs.readFileSync(file, 'utf8'), /import\.meta\.(dirname|filename)/);
  }
});

/** Lays out both packages like a package manager before it runs scripts. */
function lay(executable: string, names: readonly string[] = Object.keys(sums)): string {
  const modules = fs.mkdtempSync(path.join(folder, 'laid-'));
  const main = path.join(modules, 'node_modules', 'docker-credential-icr');
  fs.cpSync(path.join(folder, 'main'), main, { recursive: true });
  for (const name of names) {
    const bin = path.join(modules, 'node_modules', name, 'bin');
    fs.mkdirSync(bin, { recursive: true });
    fs.writeFileSync(path.join(bin, 'docker-credential-icr'), executable, { mode: 0o755 });
  }
  return main;
}

const unknownExecutable = '#!/bin/sh\necho caught\n';
const pnpm = 'pnpm/10.0.0 npm/? node/v22.15.0 linux x64';
const installs: readonly [what: string, main: string, agent: string, isReplaced: boolean][] = [
  ['npm', lay(standIn), 'npm/11.0.0 node/v22.15.0 linux x64', true],
  ['pnpm, whose shim starts the script with Node', lay(standIn), pnpm, false],
  ['yarn', lay(standIn), 'yarn/1.22.22 npm/? node/v22.15.0 linux x64', false],
  ['an unknown package manager', lay(standIn), '', false],
  ['npm, with an unknown executable', lay(unknownExecutable), 'npm/11.0.0', false],
  ['npm, without a platform package', lay(standIn, []), 'npm/11.0.0', false],
];

/** On Windows the script is not replaced, and the stand-in cannot start. */
const notOnWindows = process.platform === 'win32' ? test.skip : test;

for (const [what, main, agent, isReplaced] of installs) {
  notOnWindows(`postinstall by ${what}: ${isReplaced ? 'the executable' : 'the script'}`, () => {
    const env = { PATH: process.env.PATH ?? '', npm_config_user_agent: agent };
    const installed = spawnSync('node', ['install.js'], { cwd: main, env, encoding: 'utf8' });
    assert.is(installed.status, 0, installed.stderr);
    assert.is(
      installed.stderr.includes('does not match the checksum'),
      what.includes('unknown executable'),
    );
    const names = fs.readdirSync(path.join(main, 'bin'));
    assert.equal(names, ['docker-credential-icr.js'], 'nothing else is left');
    const file = path.join(main, 'bin', 'docker-credential-icr.js');
    assert.is(fs.readFileSync(file, 'utf8') === standIn, isReplaced);
    assert.is(fs.statSync(file).mode & 0o777, 0o755);
  });
}

const starts: readonly [what: string, main: string, isOld: boolean, said: RegExp][] = [
  [
    'the program, even beside an executable',
    lay(unknownExecutable),
    false,
    /^docker-credential-icr .*v1\.2\.3\n/,
  ],
  ['of an old Node: the executable', lay(standIn), true, /^the executable, version\n$/],
  [
    'of an old Node: not a unknownExecutable’s',
    lay(unknownExecutable),
    true,
    /: \S+ does not match the checksum/,
  ],
  ['of an old Node, without one: which Node it takes', lay(standIn, []), true, /Node 22\.15 or/],
];

/** The program requires Node 22.15. With an older Node, such as in Debian 12, the launcher starts the executable. */
const hasNewNode =
  spawnSync('node', ['-e', 'process.exit(process.getBuiltinModule ? 0 : 1)']).status === 0;

function tooOld(isForOld: boolean): string | false {
  if (process.platform === 'win32') return 'on Windows a stand-in does not start';
  return !isForOld && !hasNewNode && 'Node is older than 22.15';
}

for (const [what, main, isOld, said] of starts) {
  testUnless(test, tooOld(isOld))(`the launcher starts ${what}`, () => {
    // Removes the feature by which the launcher detects an old Node.
    const old = '--import=data:text/javascript,delete%20process.getBuiltinModule';
    const words = [path.join(main, 'bin', 'docker-credential-icr.js'), 'version'];
    const { stdout, stderr } = spawnSync('node', [...(isOld ? [old] : []), ...words], {
      encoding: 'utf8',
    });
    assert.match(stdout + stderr, said);
    assert.not.match(stdout, 'caught');
  });
}

test.run();
