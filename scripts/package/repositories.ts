import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { program } from './targets.ts';
import { fillTemplate } from './template.ts';

interface RepositoriesOptions {
  /** The directory with the .deb and .rpm files. They are not changed. */
  readonly packages: string;
  /** Created, in place of an earlier one. */
  readonly folder: string;
  /** The file with the secret GPG key, without a passphrase. */
  readonly keyFile: string;
  /** The address at which `folder` will be published. */
  readonly url: string;
}

interface Keyring {
  readonly env: NodeJS.ProcessEnv;
  readonly fingerprint: string;
  readonly scratch: string;
}

/**
 * Writes a signed apt repository, a signed dnf repository, the public key, and the files with which a machine uses them.
 * Each contains the packages in `packages` only.
 */
export function writeRepositories(options: RepositoriesOptions): void {
  const { packages, folder, keyFile, url } = options;
  const names = fs.readdirSync(packages).sort();
  const withSuffix = (suffix: string) =>
    names.filter((name) => name.endsWith(suffix)).map((name) => path.join(packages, name));
  const [debs, rpms] = [withSuffix('.deb'), withSuffix('.rpm')];
  if (debs.length === 0 || rpms.length === 0)
    throw new Error(`${packages} has no .deb or no .rpm: run make package`);
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  withKey(keyFile, (keyring) => {
    writeApt(debs, path.join(folder, 'apt'), keyring);
    writeRpm(rpms, path.join(folder, 'rpm'), keyring);
    const key = run(keyring, 'gpg', ['--batch', '--armor', '--export', keyring.fingerprint]);
    fs.writeFileSync(path.join(folder, `${program}.asc`), key);
  });
  const values = { REPOSITORY_URL: url.replace(/\/+$/, '') };
  for (const template of [`debian/${program}.sources`, `rpm/${program}.repo`]) {
    const file = path.join(folder, path.basename(template));
    fs.writeFileSync(file, fillTemplate(template, values));
  }
}

/** Calls `use` with a keyring that contains only this key, and removes it. */
function withKey(keyFile: string, use: (keyring: Keyring) => void): void {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-key-'));
  const home = path.join(scratch, 'gnupg');
  fs.mkdirSync(home, { mode: 0o700 });
  // rpm warns without a terminal, unless this variable is set.
  const env = { ...process.env, GNUPGHOME: home, GPG_TTY: '' };
  const keyring = { env, scratch, fingerprint: '' };
  try {
    run(keyring, 'gpg', ['--batch', '--quiet', '--import', keyFile]);
    const list = run(keyring, 'gpg', ['--batch', '--with-colons', '--list-secret-keys']);
    const [, fingerprint] = /^fpr:+([0-9A-F]+):/m.exec(list) ?? [];
    if (fingerprint === undefined) throw new Error(`${keyFile} contains no secret key`);
    use({ ...keyring, fingerprint });
  } finally {
    // gpg has started an agent, which holds the key in memory.
    run(keyring, 'gpgconf', ['--kill', 'all']);
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}

function run({ env }: Keyring, command: string, words: readonly string[]): string {
  return execFileSync(command, words, {
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

function writeApt(debs: readonly string[], folder: string, keyring: Keyring): void {
  const configuration = path.join(keyring.scratch, 'conf');
  fs.mkdirSync(configuration);
  const distributions = fillTemplate('debian/distributions', { KEY: keyring.fingerprint });
  fs.writeFileSync(path.join(configuration, 'distributions'), distributions);
  const places = ['--confdir', configuration, '--dbdir', path.join(keyring.scratch, 'db')];
  const words = ['--silent', '--basedir', folder, ...places, 'includedeb', 'stable', ...debs];
  run(keyring, 'reprepro', words);
}

/** dnf verifies the signature of each package, and that of the list of packages. */
function writeRpm(rpms: readonly string[], folder: string, keyring: Keyring): void {
  fs.mkdirSync(folder);
  const copies = rpms.map((file) => path.join(folder, path.basename(file)));
  for (const [index, copy] of copies.entries()) fs.copyFileSync(rpms[index] ?? '', copy);
  // rpm's default is /usr/bin/gpg2, which Debian does not have, and it needs a path.
  const gpg = run(keyring, 'sh', ['-c', 'command -v gpg']).trim();
  const defines = [`_gpg_name ${keyring.fingerprint}`, `__gpg ${gpg}`];
  const words = defines.flatMap((each) => ['--define', each]);
  run(keyring, 'rpmsign', [...words, '--addsign', ...copies]);
  run(keyring, 'createrepo_c', ['--quiet', folder]);
  const list = path.join(folder, 'repodata', 'repomd.xml');
  const signer = ['--batch', '--armor', '--local-user', keyring.fingerprint];
  run(keyring, 'gpg', [...signer, '--detach-sign', list]);
}
