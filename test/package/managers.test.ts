import { execFileSync, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { writeArchive } from '../../scripts/package/archive.ts';
import { documents } from '../../scripts/package/documents.ts';
import { lockedPackage, nodeLockfile } from '../../scripts/package/lockfile.ts';
import { writeManifests } from '../../scripts/package/manifests.ts';
import { unpackMember } from '../../scripts/package/npm-tarball.ts';
import { archiveName, executableName, program, targets } from '../../scripts/package/targets.ts';
import { type Listening, listen } from '../sandbox/listen.ts';
import { collect, type Outcome } from '../support/helper.ts';
import { testUnless } from '../support/skip.ts';
import { isInstalled } from './release.ts';

const test = suite('manifests of package managers');
const version = '1.2.3';
const stamp = { version, commit: 'c'.repeat(40), epoch: 1_000_000_000 };
const scratch = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'icr-managers-')));
const release = path.join(scratch, 'release');
const nobody = 65534;

let server: Listening;
let url: string;
/** True if the server returns archives that were changed. */
let isSpoiled = false;

test.before(async () => {
  fs.chmodSync(scratch, 0o755);
  fs.mkdirSync(release);
  const texts = await documents(stamp);
  for (const target of targets) {
    const executable = path.join(scratch, executableName(target));
    fs.writeFileSync(executable, `#!/bin/sh\necho "v${version} for ${target.name}"\n`);
    await writeArchive(path.join(release, archiveName(target, version)), executable, texts, 0);
  }
  server = await listen(
    (request, response) => {
      const file = path.join(release, path.basename(request.url ?? ''));
      const isFile = (request.url ?? '').startsWith(`/v${version}/`) && fs.existsSync(file);
      const data = isFile ? fs.readFileSync(file) : undefined;
      if (isSpoiled && data) data[data.length - 1] = (data.at(-1) ?? 0) ^ 1;
      response.writeHead(isFile ? 200 : 404).end(data);
    },
    { address: '127.0.0.1', port: 0 },
  );
  url = `http://127.0.0.1:${server.port}`;
  const homepage = 'https://icr.example';
  assert.is(writeManifests(release, stamp, { baseUrl: url, homepage }).length, 6);
});
test.before.each(() => {
  isSpoiled = false;
});

test.after(async () => {
  await server?.close();
  fs.rmSync(scratch, { recursive: true, force: true });
});

function newFolder(name: string): string {
  const folder = fs.mkdtempSync(path.join(scratch, name));
  fs.chmodSync(folder, 0o755);
  return folder;
}

function execute(
  words: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<Outcome> {
  const [name = '', ...rest] = words;
  const child = spawn(name, rest, {
    cwd,
    env: { PATH: process.env.PATH ?? '', HOME: cwd, LC_ALL: 'C.UTF-8', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return collect(child, 120_000);
}

const isLinux = process.platform === 'linux' && process.arch === 'x64';
const withMakepkg = testUnless(
  test,
  (!isLinux && 'needs Linux on x64') ||
    (!['makepkg', 'pacman', 'bsdtar'].every(isInstalled) &&
      'makepkg, pacman or bsdtar is missing') ||
    (process.getuid?.() !== 0 && 'needs root'),
);

/** makepkg refuses to run as root. */
function makepkg(folder: string, ...words: readonly string[]): Promise<Outcome> {
  fs.copyFileSync(path.join(release, 'PKGBUILD'), path.join(folder, 'PKGBUILD'));
  fs.chownSync(folder, nobody, nobody);
  const user = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'];
  return execute([...user, 'makepkg', ...words], folder);
}

withMakepkg(
  'PKGBUILD: makepkg builds a package with the executable and the documents',
  async () => {
    const folder = newFolder('aur-');
    const info = await makepkg(folder, '--printsrcinfo');
    assert.match(info.stdout, `\tpkgver = ${version}\n`, info.stderr);
    const { status, stdout, stderr } = await makepkg(folder, '--nodeps');
    assert.is(status, 0, stdout + stderr);
    const root = path.join(folder, 'pkg', `${program}-bin`);
    const file = path.join(root, 'usr/bin', program);
    assert.is(execFileSync(file, { encoding: 'utf8' }), `v${version} for linux-x64\n`);
    assert.ok(fs.readdirSync(path.join(root, 'usr/share')).length >= 5);
  },
);

withMakepkg('PKGBUILD: makepkg refuses an archive that was changed', async () => {
  isSpoiled = true;
  const folder = newFolder('aur-');
  const { status, stderr } = await makepkg(folder, '--nodeps');
  assert.is.not(status, 0);
  assert.match(stderr, 'did not pass the validity check');
  assert.not.ok(fs.existsSync(path.join(folder, 'pkg')));
});

const withMise = testUnless(test, !isLinux && 'needs Linux on x64');

/** Installs with mise, and runs the program. */
function mise(): Promise<Outcome> {
  const folder = newFolder('mise-');
  const executable = path.join(scratch, 'mise');
  if (!fs.existsSync(executable))
    unpackMember(lockedPackage('mise-linux-x64', nodeLockfile), 'bin/mise', executable);
  fs.copyFileSync(path.join(release, `${program}.mise.toml`), path.join(folder, 'mise.toml'));
  const env = {
    MISE_TRUSTED_CONFIG_PATHS: folder,
    MISE_YES: '1',
    MISE_CACHE_DIR: path.join(folder, 'cache'),
    MISE_DATA_DIR: path.join(folder, 'data'),
    MISE_CONFIG_DIR: path.join(folder, 'config'),
    MISE_STATE_DIR: path.join(folder, 'state'),
    MISE_CEILING_PATHS: scratch,
  };
  return execute([executable, 'exec', '--', program, 'version'], folder, env);
}

withMise('mise: installs and runs the executable', async () => {
  const { status, stdout, stderr } = await mise();
  assert.is(status, 0, stdout + stderr);
  assert.is(stdout, `v${version} for linux-x64\n`);
});

withMise('mise: refuses an archive that was changed', async () => {
  isSpoiled = true;
  const { status, stdout, stderr } = await mise();
  assert.is.not(status, 0, stdout);
  assert.match(stderr, /checksum/i);
});

const withNix = testUnless(test, !isInstalled('nix-instantiate') && 'nix is not installed');

/** Replaces nixpkgs: `mkDerivation` returns its arguments. */
const nixpkgs = `{
  legacyPackages = builtins.listToAttrs (map (name: { inherit name; value = {
    stdenv = { mkDerivation = given: given; hostPlatform.isLinux = builtins.match ".*linux" name != null; };
    fetchurl = given: given;
    installShellFiles = "installShellFiles";
    autoPatchelfHook = "autoPatchelfHook";
    lib = { optional = is: value: if is then [ value ] else [ ]; licenses.asl20 = "asl20"; };
  }; }) [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ]);
}`;

withNix('flake.nix: evaluates, and its install phase installs the files', () => {
  const expression = `((import ${release}/flake.nix).outputs { self = { }; nixpkgs = ${nixpkgs}; }).packages`;
  const words = ['--eval', '--strict', '--json', '--store', 'dummy://', '-E', expression];
  const env = { ...process.env, NIX_STATE_DIR: path.join(scratch, 'nix'), HOME: scratch };
  const { stdout, stderr, status } = spawnSync('nix-instantiate', words, { env, encoding: 'utf8' });
  assert.is(status, 0, stderr);
  const packages = JSON.parse(stdout);
  assert.is(Object.keys(packages).length, 4);
  for (const [system, { default: built }] of Object.entries<{ default: NixPackage }>(packages)) {
    assert.ok(fs.existsSync(path.join(release, path.basename(built.src.url))), built.src.url);
    assert.is(built.nativeBuildInputs.includes('autoPatchelfHook'), system.endsWith('linux'));
  }
  const folder = newFolder('nix-');
  const archive = path.join(release, `${program}-${version}-linux-x64.tar.gz`);
  execFileSync('tar', ['-xzf', archive, '--strip-components=1', '-C', folder]);
  const stubs = 'installManPage() { test -f "$1"; }; installShellCompletion() { test -f "$2"; };';
  const phase = `set -eu; ${stubs}${packages['x86_64-linux'].default.installPhase}`;
  execFileSync('sh', ['-c', phase], { cwd: folder, env: { ...process.env, out: `${folder}/out` } });
  assert.ok(fs.statSync(path.join(folder, 'out/bin', program)).mode & 0o100);
});

interface NixPackage {
  readonly src: { readonly url: string };
  readonly nativeBuildInputs: readonly string[];
}

/** aqua itself does not run here: this expands its templates. */
test('aqua: the addresses are those of the archives', () => {
  const text = fs.readFileSync(path.join(release, `${program}.aqua.yaml`), 'utf8');
  const [entry] = parse(text).packages;
  for (const { name, os: system, arch, libc } of targets) {
    if (libc === 'musl' || name.endsWith('-baseline')) continue;
    const override = entry.overrides.find(({ goos }: { goos: string }) => goos === system);
    const values: Record<string, string> = {
      'trimV .Version': version,
      '.OS': system,
      '.Arch': arch === 'x64' ? entry.replacements.amd64 : arch,
      '.Format': override?.format ?? entry.format,
    };
    const address = entry.url.replace(/{{(.*?)}}/g, (_: string, key: string) => values[key]);
    assert.ok(address.startsWith(`${url}/v${version}/`));
    assert.ok(fs.existsSync(path.join(release, path.basename(address))), address);
  }
});

test.run();
