import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { stampInstaller } from '../../scripts/package/installer.ts';
import { testUnless } from '../support/skip.ts';
import {
  findTool,
  type InstallOptions,
  inWorld,
  machine,
  needs,
  program,
  publish,
  sha256,
  standIn,
  type World,
} from './install-download-world.ts';

const test = suite('install.sh from an invalid release');
const download = needs(test, 'curl');
const archive = `/v1.2.3/${program}-1.2.3-${machine}.tar.gz`;
const sums = '/v1.2.3/SHA256SUMS';
const old = standIn('0.9.0');

/** Publishes a release whose executable runs this command and fails. */
function publishFailing(world: World, command: string): Promise<void> {
  return publish(world, '1.2.3', { executable: `#!/bin/sh\n${command}; exit 127\n` });
}

function contents({ files }: Pick<World, 'files'>, name: string): Buffer {
  return files.get(name) ?? Buffer.alloc(0);
}

function editSums({ files }: World, edit: (text: string) => string): void {
  files.set(sums, Buffer.from(edit(contents({ files }, sums).toString())));
}

/** Requires that the installed old version is preserved, nothing else remains and nothing was run. */
async function refuses(world: World, message: string | RegExp, options: InstallOptions = {}) {
  fs.mkdirSync(path.dirname(world.target), { recursive: true });
  fs.writeFileSync(world.target, old, { mode: 0o755 });
  const before = fs.statSync(world.target).ino;
  const { status, stdout, stderr } = await world.install(['--configure'], options);
  assert.is(status, 1, stdout + stderr);
  assert.match(stderr, message);
  assert.is(fs.statSync(world.target).ino, before);
  assert.is(fs.readFileSync(world.target, 'utf8'), old);
  assert.equal(world.left(), [`home/.local/bin/${program}`]);
}

/** Faults in the server's files or responses. */
const faults: readonly [
  name: string,
  spoil: (world: World) => void | Promise<void>,
  message: string,
][] = [
  [
    'a byte of the archive was changed',
    (world) => {
      const data = Buffer.from(contents(world, archive));
      data[40] = (data[40] ?? 0) ^ 1;
      world.files.set(archive, data);
    },
    'checksum mismatch',
  ],
  [
    'the archive was replaced',
    async (world) => {
      const other = { files: new Map() };
      await publish(other, '1.2.3', { executable: '#!/bin/sh\ntouch "$HOME/caught"\n' });
      world.files.set(archive, contents(other, archive));
    },
    'checksum mismatch',
  ],
  ['the archive is missing', ({ files }) => files.delete(archive), 'could not download'],
  ['the checksums are missing', ({ files }) => files.delete(sums), 'could not download'],
  [
    'the checksums do not list the archive',
    (world) => world.files.set(sums, Buffer.from(`${'0'.repeat(64)}  other.tar.gz\n`)),
    'does not contain',
  ],
  [
    'the checksums have line feeds of Windows',
    (world) => editSums(world, (text) => text.replaceAll('\n', '\r\n')),
    'does not contain',
  ],
  [
    'the checksums name a file in another directory',
    (world) => editSums(world, (text) => text.replaceAll('  ', '  ./')),
    'does not contain',
  ],
  [
    'the checksums are in upper case',
    (world) => editSums(world, (text) => text.replace(/^[0-9a-f]+/gm, (sum) => sum.toUpperCase())),
    'checksum mismatch',
  ],
  [
    'the last of two checksums is another one',
    (world) => editSums(world, (text) => text + text.replace(/^[0-9a-f]+/gm, '0'.repeat(64))),
    'checksum mismatch',
  ],
  ['the checksums are empty', ({ files }) => files.set(sums, Buffer.alloc(0)), 'does not contain'],
  [
    'the checksums are an HTML page of a captive portal',
    ({ files }) => files.set(sums, Buffer.from('<html>please log in</html>\n')),
    'does not contain',
  ],
  [
    'the response is truncated',
    (world) => {
      world.answer = (request, response) => {
        if (request.url !== archive) return false;
        const data = contents(world, archive);
        response.writeHead(200, { 'content-length': data.length });
        response.write(data.subarray(0, data.length / 2), () => response.destroy());
        return true;
      };
    },
    'nothing was installed',
  ],
  [
    'the archive has no executable',
    async (world) => {
      const other = { files: new Map() };
      await publish(other, '1.2.3', { on: 'other' });
      const data = contents(other, `/v1.2.3/${program}-1.2.3-other.tar.gz`);
      world.files.set(archive, data);
      world.files.set(sums, Buffer.from(`${sha256(data)}  ${path.basename(archive)}\n`));
    },
    'could not unpack',
  ],
  [
    'the executable does not start',
    (world) => publishFailing(world, 'echo "Error loading shared library libfoo.so"'),
    'does not start on this machine',
  ],
  [
    'the executable cannot load libstdc++',
    (world) => publishFailing(world, 'echo "loading libstdc++.so.6: none" >&2'),
    'apk add libstdc++',
  ],
  [
    'the server redirects to http',
    (world) => {
      world.answer = (request, response) => {
        if (request.url?.startsWith('/elsewhere')) return false;
        response.writeHead(302, { location: `${world.url}/elsewhere${request.url}` }).end();
        return true;
      };
      for (const [name, data] of [...world.files]) world.files.set(`/elsewhere${name}`, data);
    },
    'could not download',
  ],
];

for (const [name, spoil, message] of faults) {
  download(`${name}: installs nothing`, () =>
    inWorld(async (world) => {
      await publish(world);
      await spoil(world);
      await refuses(world, message);
    }),
  );
}

/** Publishes a tar(1) archive of the files that the commands create, with a valid checksum. */
function publishPacked(world: World, commands: string): void {
  const folder = path.join(world.folder, 'packed');
  const name = path.basename(archive);
  const top = name.replace('.tar.gz', '');
  fs.mkdirSync(folder);
  const env = { ...process.env, TOP: top, TARGET: program, OUT: path.join(world.folder, 'out') };
  spawnSync('sh', ['-ec', commands], { cwd: folder, env, stdio: 'inherit' });
  const data = fs.readFileSync(env.OUT);
  world.files.set(archive, data);
  world.files.set(sums, Buffer.from(`${sha256(data)}  ${name}\n`));
}

/** A signer is trusted, but even a faulty archive must not write outside its directory. */
const strange: readonly [name: string, commands: string][] = [
  [
    'a symlink instead of the executable',
    'mkdir $TOP; ln -s /bin/true $TOP/$TARGET; tar -czf $OUT $TOP',
  ],
  [
    'a directory instead of the executable',
    'mkdir -p $TOP/$TARGET; touch $TOP/$TARGET/x; tar -czf $OUT $TOP',
  ],
  [
    'a symlink instead of its directory',
    `mkdir real; printf '#!/bin/sh\n' >real/$TARGET; ln -s real $TOP; tar -czf $OUT real $TOP`,
  ],
  [
    'a path outside its directory',
    'printf x >caught; mkdir in; cd in; tar -czPf $OUT --transform "s,^caught,$TOP/../../home/caught," -C .. caught',
  ],
];

for (const [name, commands] of strange) {
  download(`the archive has ${name}: installs nothing`, () =>
    inWorld(async (world) => {
      publishPacked(world, commands);
      await refuses(world, 'could not unpack');
    }),
  );
}

for (const [base, why] of [
  ['http://registry.example', 'not an HTTPS URL'],
  ['http://127.0.0.1:80@registry.example', 'not an HTTPS URL'],
  ['ftp://registry.example', 'not an HTTPS URL'],
] as const) {
  test(`sends no request to ${base}`, () =>
    inWorld(async (world) => {
      const words = ['--version=1.2.3', `--base-url=${base}`, `--prefix=${world.home}`];
      const { status, stderr } = await world.run(words);
      assert.is(status, 1);
      assert.match(stderr, why);
    }));
}

const minisignKey = { MINISIGN_PUBLIC_KEY: 'RWcanary' };
const workflow = 'https://github.com/a/b/.github/workflows/release.yml';

/** The script of a release, which contains the signer's identity. */
function stamped(world: World, env: Readonly<Record<string, string>> = minisignKey): string {
  const file = path.join(world.folder, 'stamped.sh');
  const location = { baseUrl: world.url, homepage: world.url };
  const stamp = { version: '1.2.3', commit: '', epoch: 0 };
  fs.writeFileSync(file, stampInstaller(stamp, location, env));
  return file;
}

download('an invalid or missing signature: installs nothing', () =>
  inWorld(async (world) => {
    await publish(world);
    world.replace('minisign', 'exit 1');
    await refuses(world, /could not download \S+SHA256SUMS.minisig/, { script: stamped(world) });
    world.files.set(`${sums}.minisig`, Buffer.from('a signature'));
    await refuses(world, 'is not valid for the key of the release', { script: stamped(world) });
  }),
);

download('verifies the signature with the key of the release', () =>
  inWorld(async (world) => {
    await publish(world);
    world.files.set(`${sums}.minisig`, Buffer.from('a signature'));
    world.replace('minisign', 'echo "$*" >"$HOME/notes"');
    const { status, stdout, stderr } = await world.install([], { script: stamped(world) });
    assert.is(status, 0, stderr);
    assert.not.match(stdout, 'no signature');
    assert.match(fs.readFileSync(path.join(world.home, 'notes'), 'utf8'), '-V -q -P RWcanary -m ');
  }),
);

for (const version of ['1.2.3', '2.0.0-rc.1']) {
  download(
    `the script of 1.2.3 requires for ${version} a signature by the workflow at that tag`,
    () =>
      inWorld(async (world) => {
        await publish(world, version);
        world.files.set(`/v${version}/SHA256SUMS.sigstore.json`, Buffer.from('{}'));
        world.replace('cosign', 'echo "$*" >"$HOME/notes"');
        const script = stamped(world, { COSIGN_IDENTITY: `${workflow}@refs/tags/v1.2.3` });
        const { status, stdout, stderr } = await world.install([`--version=${version}`], {
          script,
        });
        assert.is(status, 0, stderr);
        assert.not.match(stdout, 'no signature');
        assert.match(
          fs.readFileSync(path.join(world.home, 'notes'), 'utf8'),
          ` --certificate-identity ${workflow}@refs/tags/v${version} `,
        );
      }),
  );
}

download('standard output is closed: leaves no files', () =>
  inWorld(async (world) => {
    await publish(world);
    // The reader exits long before the last line of output.
    const reader = path.join(world.folder, 'reader.sh');
    const script = path.resolve(import.meta.dirname, '../../install.sh');
    fs.writeFileSync(reader, `mkfifo said; true <said & sh "${script}" "$@" >said; wait\n`);
    world.replace('mkfifo', `exec ${findTool('mkfifo')} "$@"`);
    await world.install([], { script: reader });
    assert.equal(world.left(), []);
  }),
);

const shared: readonly (readonly [what: string, plant: (folder: string) => string])[] = [
  [
    'that all users can write to',
    (folder) => {
      fs.chmodSync(folder, 0o777);
      return folder;
    },
  ],
  [
    'below a directory that all users can write to',
    (folder) => {
      fs.chmodSync(folder, 0o777);
      fs.mkdirSync(path.join(folder, 'own'));
      return path.join(folder, 'own');
    },
  ],
  [
    'behind a symlink',
    (folder) => {
      fs.chmodSync(folder, 0o777);
      fs.symlinkSync(folder, `${folder}-link`);
      return `${folder}-link`;
    },
  ],
];

for (const [what, plant] of shared) {
  download(`unpacks nothing in a TMPDIR ${what}, and leaves no files`, () =>
    inWorld(async (world) => {
      await publish(world);
      const folder = path.join(world.folder, 'shared');
      fs.mkdirSync(folder);
      const TMPDIR = plant(folder);
      const message = `all users can write to ${fs.realpathSync(folder)}; set TMPDIR to a directory of your own`;
      await refuses(world, message, { env: { TMPDIR } });
      assert.equal(fs.readdirSync(TMPDIR), []);
    }),
  );
}

const asRoot = process.getuid?.() === 0 ? download : testUnless(test, 'not root');

asRoot("root unpacks nothing in another user's TMPDIR", () =>
  inWorld(async (world) => {
    await publish(world);
    const TMPDIR = path.join(world.folder, 'shared');
    fs.mkdirSync(TMPDIR);
    fs.chownSync(TMPDIR, 65534, 65534);
    const message = `user 65534 owns ${fs.realpathSync(TMPDIR)}; set TMPDIR to a directory of your own`;
    await refuses(world, message, { env: { TMPDIR } });
  }),
);

download('accepts a TMPDIR that all users can write to if it is sticky', () =>
  inWorld(async (world) => {
    await publish(world);
    const TMPDIR = path.join(world.folder, 'shared');
    fs.mkdirSync(TMPDIR);
    fs.chmodSync(TMPDIR, 0o1777);
    const { status, stderr } = await world.install([], { env: { TMPDIR } });
    assert.is(status, 0, stderr);
  }),
);

/** Creates a file system of 64 KiB, which requires root. */
function small(folder: string): boolean {
  fs.mkdirSync(folder, { recursive: true });
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]).status === 0;
}

download('no space to unpack or install: preserves the old version', () =>
  inWorld(async (world) => {
    const large = `${standIn('1.2.3')}# ${Array.from({ length: 300_000 }, (_, i) => String.fromCharCode(33 + ((i * i) % 89))).join('')}\n`;
    await publish(world, '1.2.3', { executable: large });
    const folder = path.join(world.folder, 'small');
    if (!small(folder)) return console.log('not tried: only root mounts a small file system');
    try {
      await refuses(world, /could not (unpack|download)/, { env: { TMPDIR: folder } });
      assert.equal(fs.readdirSync(folder), []);
      fs.mkdirSync(path.join(folder, 'bin'));
      fs.writeFileSync(path.join(folder, 'bin', program), old);
      const { status, stderr } = await world.install([`--prefix=${folder}`]);
      assert.is(status, 1);
      assert.match(stderr, 'No space left');
      assert.equal(fs.readdirSync(path.join(folder, 'bin')), [program]);
      assert.is(fs.readFileSync(path.join(folder, 'bin', program), 'utf8'), old);
    } finally {
      spawnSync('umount', [folder]);
    }
  }),
);

test.run();
