import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { stampInstaller } from '../../scripts/package/installer.ts';
import { createServerCertificate } from '../sandbox/ca.ts';
import { startProxy } from '../support/connect-proxy.ts';
import { collect } from '../support/helper.ts';
import {
  type Downloader,
  inWorld,
  needs,
  program,
  publish,
  standIn,
} from './install-download-world.ts';

const test = suite('install.sh from a release');
const download = needs(test, 'curl');
const installer = path.resolve(import.meta.dirname, '../../install.sh');

const shells = [['sh'], ['dash'], ['bash', '--posix'], ['busybox', 'sh']];
/** The executable of a downloader; busybox is one executable for all applets. */
function programOf(downloader: Downloader): string {
  return downloader.split(' ')[0] ?? '';
}

type Way = readonly [shell: readonly string[], downloader: Downloader];
const ways: readonly Way[] = [
  ...shells.map((shell): Way => [shell, 'curl']),
  [['sh'], 'wget'],
  [['busybox', 'sh'], 'busybox wget'],
];

for (const [shell, downloader] of ways) {
  needs(
    test,
    shell[0] ?? '',
    programOf(downloader),
  )(`with ${shell.join(' ')} and ${downloader}`, () =>
    inWorld(async (world) => {
      await publish(world);
      const { status, stdout, stderr } = await world.install([], { shell, downloader });
      assert.is(status, 0, stderr);
      assert.match(stdout, `installed ${world.target}\n`);
      assert.match(stdout, /\nnext: docker-credential-icr setup\n$/);
      assert.match(stdout, 'no signature was checked');
      assert.equal(world.left(), [`home/.local/bin/${program}`]);
      assert.is(fs.statSync(world.target).mode & 0o777, 0o755);
      assert.is(fs.readFileSync(world.target, 'utf8'), standIn('1.2.3'));
    }),
  );
}

const machines: readonly [name: string, stubs: Record<string, string>, archive: string][] = [
  ['Linux on x64', {}, 'linux-x64'],
  ['Linux on x64 without AVX2', { grep: 'exit 1' }, 'linux-x64-baseline'],
  [
    'Alpine on x64',
    { getconf: 'exit 1', ldd: 'echo "musl libc (x86_64)" >&2; exit 1' },
    'linux-x64-musl',
  ],
  [
    'Alpine on arm64, with packages for glibc',
    {
      uname: 'case $1 in -s) echo Linux ;; *) echo aarch64 ;; esac',
      getconf: 'exit 1',
      ldd: 'echo "musl libc (aarch64)" >&2; exit 1',
    },
    'linux-arm64-musl',
  ],
  [
    'Linux on arm64',
    { uname: 'case $1 in -s) echo Linux ;; *) echo aarch64 ;; esac' },
    'linux-arm64',
  ],
  [
    'an Intel Mac',
    { uname: 'case $1 in -s) echo Darwin ;; *) echo x86_64 ;; esac', sysctl: 'exit 1' },
    'darwin-x64',
  ],
  [
    'a Mac',
    { uname: 'case $1 in -s) echo Darwin ;; *) echo arm64 ;; esac', sysctl: 'exit 1' },
    'darwin-arm64',
  ],
  [
    'a Mac with a shell that runs under Rosetta',
    { uname: 'case $1 in -s) echo Darwin ;; *) echo x86_64 ;; esac', sysctl: 'echo 1' },
    'darwin-arm64',
  ],
];

/** Simulates Linux on x64 with glibc and AVX2 on any machine. */
const usual = {
  uname: 'case $1 in -s) echo Linux ;; *) echo x86_64 ;; esac',
  getconf: 'echo glibc 2.36',
  grep: 'exit 0',
};

for (const [name, stubs, archive] of machines) {
  test(`${name} gets ${archive}, and --dry-run sends no request`, () =>
    inWorld(async (world) => {
      for (const [tool, body] of Object.entries({ ...usual, ...stubs })) world.replace(tool, body);
      const { status, stdout, stderr } = await world.install(['--dry-run']);
      assert.is(status, 0, stderr);
      const url = `${world.url}/v1.2.3/${program}-1.2.3-${archive}.tar.gz`;
      assert.is(stdout, `would download ${url}, verify it, and install ${world.target}\n`);
      assert.equal([world.asked, world.left()], [[], []]);
    }));
}

for (const [system, hint] of [
  ['case $1 in -s) echo Linux ;; *) echo s390x ;; esac', 'make package-node'],
  ['case $1 in -s) echo MINGW64_NT-10.0 ;; *) echo x86_64 ;; esac', 'Scoop'],
] as const) {
  test(`a machine without a release gets the hint ${hint}`, () =>
    inWorld(async (world) => {
      world.replace('uname', system);
      const { status, stderr } = await world.install();
      assert.is(status, 1);
      assert.match(stderr, hint);
    }));
}

/** For tests that do not run as root. */
const rootOwnsAll = "echo 'drwxr-xr-x 2 0 0 60 Jan 1 12:00 /'";

download('root must set the prefix', () =>
  inWorld(async (world) => {
    await publish(world);
    world.replace('id', 'echo 0');
    world.replace('ls', rootOwnsAll);
    const words = [`--base-url=${world.url}`, '--version', 'v1.2.3'];
    const refused = await world.run(words);
    assert.is(refused.status, 1);
    assert.match(refused.stderr, '--prefix=/usr/local');
    assert.equal([world.asked, world.left()], [[], []]);
    const prefix = path.join(world.folder, 'usr');
    const asked = await world.run([...words, '--prefix', prefix]);
    assert.is(asked.status, 0, asked.stderr);
    assert.ok(fs.existsSync(path.join(prefix, 'bin', program)));
  }),
);

for (const [uid, mode] of [
  [0, 0o755],
  [1000, 0o700],
] as const) {
  download(`user ${uid} creates directories with the right modes under umask 077`, () =>
    inWorld(async (world) => {
      await publish(world);
      world.replace('id', `echo ${uid}`);
      world.replace('ls', rootOwnsAll);
      const prefix = path.join(world.folder, 'new', 'place');
      const before = process.umask(0o077);
      const { status, stderr } = await world
        .install([`--prefix=${prefix}`])
        .finally(() => process.umask(before));
      assert.is(status, 0, stderr);
      for (const folder of [path.dirname(prefix), prefix, path.join(prefix, 'bin')])
        assert.is(fs.statSync(folder).mode & 0o777, mode, folder);
      assert.is(fs.statSync(path.join(prefix, 'bin', program)).mode & 0o777, 0o755);
    }),
  );
}

download('--configure calls configure; --uninstall reverts both', () =>
  inWorld(async (world) => {
    await publish(world);
    assert.is((await world.install(['--configure'])).status, 0);
    const notes = path.join(world.home, 'notes');
    assert.is(fs.readFileSync(notes, 'utf8'), 'configure\n');
    assert.match(
      (await world.install(['--uninstall', '--dry-run'])).stdout,
      `would remove ${world.target} from`,
    );
    assert.ok(fs.existsSync(world.target));
    assert.is((await world.install(['--uninstall'])).status, 0);
    assert.match(fs.readFileSync(notes, 'utf8'), 'configure --remove --client all\n');
    assert.equal(world.left(), ['home/notes']);
  }),
);

for (const downloader of ['curl', 'wget'] as const) {
  needs(test, programOf(downloader))(`HTTPS: uses a proxy with ${downloader}`, async () => {
    const certificate = await createServerCertificate(['downloads.example']);
    await inWorld(
      async (world) => {
        await publish(world);
        const proxy = await startProxy(Number(new URL(world.url).port));
        try {
          const ca = path.join(world.folder, 'ca.pem');
          fs.writeFileSync(ca, certificate.caPem);
          const options = { env: { https_proxy: proxy.url }, downloader, ca };
          const words = ['--base-url=https://downloads.example'];
          const { status, stderr } = await world.install(words, options);
          assert.is(status, 0, stderr);
          assert.equal(proxy.asked, ['downloads.example:443', 'downloads.example:443']);
        } finally {
          proxy.close();
        }
      },
      { certificate },
    );
  });
}

for (const downloader of ['curl', 'wget', 'busybox wget'] as const) {
  needs(test, programOf(downloader))(
    `HTTP: connects to this machine only, with ${downloader}`,
    () =>
      inWorld((proxied) =>
        inWorld(async (world) => {
          await publish(world);
          const env = { http_proxy: proxied.url, all_proxy: proxied.url };
          const { status, stderr } = await world.install([], { env, downloader });
          assert.is(status, 0, stderr);
          assert.equal(proxied.asked, []);
        }),
      ),
  );
}

download('HTTPS: accepts trusted servers only', async () => {
  const certificate = await createServerCertificate(['localhost', '127.0.0.1']);
  await inWorld(
    async (world) => {
      await publish(world);
      const ca = path.join(world.folder, 'ca.pem');
      fs.writeFileSync(ca, certificate.caPem);
      const stranger = await world.install();
      assert.is(stranger.status, 1);
      assert.match(stranger.stderr, 'could not download');
      assert.equal(world.left(), []);
      const known = await world.install([], { env: { CURL_CA_BUNDLE: ca } });
      assert.is(known.status, 0, known.stderr);
    },
    { certificate },
  );
});

/** Ways to make the downloader read a file that disables certificate checks. */
const configurations: readonly [
  downloader: 'curl' | 'wget',
  name: string,
  configure: (home: string) => readonly [file: string, env: Record<string, string>],
][] = [
  ['curl', '~/.curlrc', (home) => [`${home}/.curlrc`, {}]],
  ['curl', 'CURL_HOME', (home) => [`${home}/x/.curlrc`, { CURL_HOME: `${home}/x` }]],
  ['curl', 'XDG_CONFIG_HOME', (home) => [`${home}/x/.curlrc`, { XDG_CONFIG_HOME: `${home}/x` }]],
  ['curl', '~/.config/curlrc', (home) => [`${home}/.config/curlrc`, {}]],
  ['wget', '~/.wgetrc', (home) => [`${home}/.wgetrc`, {}]],
  ['wget', 'WGETRC', (home) => [`${home}/x/rc`, { WGETRC: `${home}/x/rc` }]],
  ['wget', 'SYSTEM_WGETRC', (home) => [`${home}/x/rc`, { SYSTEM_WGETRC: `${home}/x/rc` }]],
];

for (const [downloader, name, configure] of configurations) {
  needs(test, programOf(downloader))(`${downloader} does not read ${name}`, async () => {
    const certificate = await createServerCertificate(['localhost', '127.0.0.1']);
    await inWorld(
      async (world) => {
        await publish(world);
        const [file, env] = configure(world.home);
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, downloader === 'curl' ? 'insecure\n' : 'check_certificate = off\n');
        const { status, stderr } = await world.install([], { downloader, env });
        assert.is(status, 1);
        assert.match(stderr, 'could not download');
        assert.equal(world.asked, []);
      },
      { certificate },
    );
  });
}

/** Spellings of the header, before the rest of the address. */
const ledAway = [
  'Location: http://',
  'location: http://',
  'LOCATION: http://',
  'Location:http://',
  'Location:  http://',
  'Location:\thttp://',
  'Location: HTTP://',
  'Location:\r\n http://',
];

needs(test, 'wget')('wget: does not follow redirects from HTTPS to HTTP', async () => {
  const certificate = await createServerCertificate(['localhost', '127.0.0.1']);
  await inWorld(async (plain) => {
    await publish(plain);
    await inWorld(
      async (world) => {
        const ca = path.join(world.folder, 'ca.pem');
        fs.writeFileSync(ca, certificate.caPem);
        const options = { downloader: 'wget', ca } as const;
        await publish(world);
        const known = await world.install([], options);
        assert.is(known.status, 0, known.stderr);
        for (const header of ledAway) {
          fs.rmSync(world.target, { force: true });
          world.answer = ({ url, socket }) => {
            const place = header + plain.url.slice('http://'.length) + url;
            socket.end(`HTTP/1.1 302 Found\r\n${place}\r\nContent-Length: 0\r\n\r\n`);
            return true;
          };
          const led = await world.install([], options);
          assert.is(led.status, 1, header);
          assert.match(led.stderr, 'without HTTPS', header);
          assert.equal(world.left(), [], header);
        }
      },
      { certificate },
    );
  });
});

needs(test, 'busybox')('refuses a wget that does not verify certificates', async () => {
  const certificate = await createServerCertificate(['localhost', '127.0.0.1']);
  await inWorld(
    async (world) => {
      await publish(world);
      // With openssl, busybox would check certificates.
      fs.rmSync(path.join(world.folder, 'bin', 'openssl'), { force: true });
      const { status, stdout, stderr } = await world.install([], { downloader: 'busybox wget' });
      assert.is(status, 1, stdout);
      assert.match(stderr, 'does not verify certificates');
      assert.equal([world.asked, world.left()], [['/v1.2.3/SHA256SUMS'], []]);
    },
    { certificate },
  );
});

download('an upgrade during a get: the get completes, and the next one uses the new version', () =>
  inWorld(async (world) => {
    await publish(world, '1.2.3');
    await publish(world, '2.0.0');
    assert.is((await world.install()).status, 0);
    const before = fs.statSync(world.target).ino;
    const running = spawn(world.target, ['get'], { env: { PATH: '/usr/bin:/bin' } });
    await once(running, 'spawn');
    const { status, stderr } = await world.install(['--version=2.0.0']);
    running.stdin.end('us.icr.io\n');
    assert.is((await collect(running)).stdout, 'us.icr.io by 1.2.3\n');
    assert.is(status, 0, stderr);
    assert.is.not(fs.statSync(world.target).ino, before, 'another file took its name');
    const next = spawnSync(world.target, ['get'], { input: 'us.icr.io\n', encoding: 'utf8' });
    assert.is(next.stdout, 'us.icr.io by 2.0.0\n');
  }),
);

download('piped into a shell: uses no file of the current directory', () =>
  inWorld(async (world) => {
    await publish(world);
    const trap = path.join(world.folder, 'caught');
    fs.writeFileSync(path.join(world.folder, 'Makefile'), `build:\n\ttouch "${trap}"\n`);
    const words = [
      '-s',
      '--',
      `--base-url=${world.url}`,
      '--version=1.2.3',
      `--prefix=${world.home}`,
    ];
    const child = spawn('sh', words, {
      cwd: world.folder,
      env: { HOME: world.home, PATH: '/usr/bin:/bin' },
    });
    child.stdin.end(fs.readFileSync(installer));
    const { status, stderr } = await collect(child);
    assert.is(status, 0, stderr);
    assert.not.ok(fs.existsSync(trap));
    assert.ok(fs.existsSync(path.join(world.home, 'bin', program)));
  }),
);

download('the script of a release uses no file of its own directory', () =>
  inWorld(async (world) => {
    await publish(world);
    const downloads = path.join(world.folder, 'downloads');
    fs.mkdirSync(downloads);
    fs.writeFileSync(path.join(downloads, 'Makefile'), 'build:\n\tfalse\n');
    const script = path.join(downloads, 'install.sh');
    const location = { baseUrl: world.url, homepage: world.url };
    const stamp = { version: '1.2.3', commit: '', epoch: 0 };
    fs.writeFileSync(script, stampInstaller(stamp, location, {}));
    const { status, stderr } = await world.run([`--prefix=${world.home}/.local`], { script });
    assert.is(status, 0, stderr);
    assert.equal(world.left(), [`home/.local/bin/${program}`]);
  }),
);

test('a truncated script does nothing', () =>
  inWorld(async (world) => {
    await publish(world);
    const whole = fs.readFileSync(installer, 'utf8');
    const cut = path.join(world.folder, 'cut.sh');
    for (const part of [0.3, 0.6, 0.9, 0.99]) {
      fs.writeFileSync(cut, whole.slice(0, Math.floor(whole.length * part)));
      await world.install([], { script: cut });
      assert.equal([world.asked, world.left()], [[], []], `${part}`);
    }
  }));

test('without a base URL or version: prints a hint', () =>
  inWorld(async ({ run, folder }) => {
    const copy = path.join(folder, 'copy.sh');
    fs.copyFileSync(installer, copy);
    assert.match((await run(['--version=1'], { script: copy })).stderr, '--base-url=https');
    assert.match((await run(['--base-url=https://x'], { script: copy })).stderr, '--version=X.Y.Z');
    assert.is((await run(['--version'], { script: copy })).status, 2);
  }));

for (const version of ['latest', '..', '-n', '../1', 'vv1', '1 2', "1'"]) {
  test(`refuses the version ${version}`, () =>
    inWorld(async (world) => {
      const { status, stderr } = await world.install([`--version=${version}`]);
      assert.is(status, 1);
      assert.match(stderr, `invalid version: ${version.replace(/^v/, '')}; expected`);
      assert.equal(world.asked, []);
    }));
}

for (const version of ['v1.2.3', '1.2.3-rc.1', '1.2.3+7']) {
  test(`accepts the version ${version}`, () =>
    inWorld(async (world) => {
      const { status, stdout } = await world.install([`--version=${version}`, '--dry-run']);
      assert.is(status, 0);
      assert.match(stdout, `/v${version.replace(/^v/, '')}/`);
    }));
}

test('--dry-run with --configure: prints the configure step', () =>
  inWorld(async (world) => {
    const { stdout } = await world.install(['--dry-run', '--configure']);
    assert.match(stdout, `install ${world.target}, then register it in Docker's config.json\n`);
    assert.equal([world.asked, world.left()], [[], []]);
  }));

test.run();
