import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { executable } from '../../scripts/build.ts';
import { testUnless } from '../support/skip.ts';
import { type Checkout, inCheckout } from './install-checkout.ts';

const program = 'docker-credential-icr';
const installed = `home/.local/bin/${program}`;
/** The client whose configuration is restored. */
const removal = ['all', 'registries.conf'];
const secretsFolder = '.config/docker-credential-icr/hosts';

const test = suite('install.sh');

/** A user's credential, which an uninstallation must not change. */
function addSecret({ home }: Checkout): string {
  const folder = path.join(home, secretsFolder);
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'us.icr.io.json'), 'canary');
  return `home/${secretsFolder}/us.icr.io.json`;
}

for (const shell of [['sh'], ['dash'], ['bash', '--posix'], ['busybox', 'sh']]) {
  const [command = '', ...args] = shell;
  const isThere = spawnSync(command, [...args, '-c', 'true']).status === 0;
  testUnless(test, !isThere && `not installed: ${command}`)(
    `installs and uninstalls, run by ${shell.join(' ')}`,
    () => {
      inCheckout((checkout) => {
        const first = checkout.install([], { shell });
        assert.is(first.status, 0, first.stderr);
        assert.equal(checkout.files(), [installed]);
        assert.is(fs.statSync(path.join(checkout.folder, installed)).mode & 0o777, 0o755);
        assert.is(checkout.install([], { shell }).status, 0, 'a second time, over the first');

        const secret = addSecret(checkout);
        const last = checkout.install(['--uninstall'], { shell });
        assert.is(last.status, 0, last.stderr);
        assert.equal(checkout.files(), [secret]);
        assert.match(
          last.stdout,
          `are still stored in\n  ${checkout.home}/.config/${program}\nremove`,
        );
        assert.is(
          checkout.notes(),
          removal.map((client) => `configure --remove --client ${client}\n`).join(''),
        );
      });
    },
  );
}

test('with PREFIX only: installs there and writes to no other directory', () => {
  inCheckout((checkout) => {
    const env = { HOME: undefined, PREFIX: path.join(checkout.folder, 'a prefix') };
    const { status, stdout, stderr } = checkout.install([], { env });
    assert.is(status, 0, stderr);
    assert.match(stdout, `installed ${env.PREFIX}/bin/${program}\n`);
    assert.equal(checkout.files(), [`a prefix/bin/${program}`]);
    assert.is(checkout.install(['--uninstall'], { env }).status, 0);
    assert.equal(checkout.files(), []);
    assert.is(checkout.notes(), '', 'without a home there is nothing to take out of it');
  });
});

test('without HOME and PREFIX: prints which variable to set', () => {
  inCheckout((checkout) => {
    const { status, stderr } = checkout.install([], { env: { HOME: undefined } });
    assert.is(status, 1);
    assert.match(stderr, 'HOME is not set; set PREFIX');
    assert.equal(checkout.files(), []);
  });
});

const pathRows: readonly [shell: string, line: string][] = [
  ['/bin/bash', `  echo 'export PATH="$HOME/.local/bin:$PATH"' >> ~/.bash`],
  ['/usr/bin/zsh', `  echo 'export PATH="$HOME/.local/bin:$PATH"' >> ~/.zshrc\n`],
  ['/usr/local/bin/fish', '  fish_add_path --move "$HOME/.local/bin"\n'],
];

for (const [shell, line] of pathRows) {
  test(`a directory that is not on PATH: prints the line for ${shell}`, () => {
    inCheckout((checkout) => {
      const { stdout } = checkout.install([], { env: { SHELL: shell } });
      assert.match(stdout, `${checkout.home}/.local/bin is not on PATH`);
      assert.match(stdout, line);
      assert.is(stdout.match(/^ {2}/gm)?.length, 1, 'one line, for this shell');
    });
  });
}

test('a directory that is not on PATH, unknown shell: prints the lines for three shells', () => {
  inCheckout((checkout) => {
    const { stdout } = checkout.install([], { env: { SHELL: '/bin/ksh' } });
    for (const [, line] of pathRows) assert.match(stdout, line);
  });
});

test('a directory that is first on PATH, in any spelling: prints nothing', () => {
  inCheckout((checkout) => {
    const other = checkout.addOther('other');
    fs.symlinkSync(checkout.home, path.join(checkout.folder, 'link'));
    for (const folder of [`${checkout.home}/.local/bin/`, `${checkout.folder}/link/.local/bin`]) {
      const { stdout } = checkout.install([], {
        env: { PATH: `${folder}:${other}:/usr/bin:/bin` },
      });
      assert.not.match(stdout, 'PATH');
    }
  });
});

test('warns about another helper that is first on PATH', () => {
  inCheckout((checkout) => {
    const other = checkout.addOther('other');
    const own = `${checkout.home}/.local/bin`;
    for (const PATH of [`${other}:${own}:/usr/bin:/bin`, `${other}:/usr/bin:/bin`]) {
      const { status, stdout } = checkout.install([], { env: { PATH, SHELL: '/bin/zsh' } });
      assert.is(status, 0);
      assert.match(stdout, `comes first on PATH: ${other}/${program}\n`);
      assert.match(stdout, '~/.zshrc');
    }
  });
});

test('does not warn about a symlink to the installed helper', () => {
  inCheckout((checkout) => {
    const folder = path.join(checkout.folder, 'links');
    fs.mkdirSync(folder);
    fs.symlinkSync(path.join(checkout.folder, installed), path.join(folder, program));
    const env = { PATH: `${folder}:${checkout.home}/.local/bin:/usr/bin:/bin` };
    assert.not.match(checkout.install([], { env }).stdout, 'comes first');
  });
});

test('--uninstall: preserves the configuration for another helper on PATH', () => {
  inCheckout((checkout) => {
    const own = `${checkout.home}/.local/bin`;
    const env = { PATH: `${own}:${checkout.addOther('other')}:/usr/bin:/bin` };
    checkout.install([], { env });
    const { stdout } = checkout.install(['--uninstall'], { env });
    assert.match(
      stdout,
      `was not changed, because another helper is installed: ${checkout.folder}/other/${program}\n`,
    );
    assert.equal(checkout.files(), [`other/${program}`]);
    assert.is(checkout.notes(), '');
  });
});

test('--uninstall --prefix: preserves the configuration for the helper in the default directory', () => {
  inCheckout((checkout) => {
    const prefix = `--prefix=${checkout.folder}/other`;
    checkout.install([]);
    checkout.install([prefix]);
    const { stdout } = checkout.install(['--uninstall', prefix]);
    assert.match(stdout, `because another helper is installed: ${checkout.folder}/${installed}\n`);
    assert.equal([checkout.files(), checkout.notes()], [[installed], '']);
    checkout.install(['--uninstall']);
    assert.match(checkout.notes(), 'configure --remove');
  });
});

test('--uninstall without HOME, with DOCKER_CONFIG: restores only that configuration', () => {
  inCheckout((checkout) => {
    const env = { HOME: undefined, PREFIX: checkout.folder, DOCKER_CONFIG: checkout.home };
    checkout.install([], { env });
    assert.is(checkout.install(['--uninstall'], { env }).status, 0);
    assert.is(checkout.notes(), 'configure --remove --client docker\n');
  });
});

test('--uninstall: lists the data directories for any location', () => {
  inCheckout((checkout) => {
    const [config, cache] = [checkout.addOther('elsewhere'), `${checkout.folder}/xdg/${program}`];
    fs.mkdirSync(cache, { recursive: true });
    const xdg = { XDG_CONFIG_HOME: '/nonexistent', XDG_CACHE_HOME: path.dirname(cache) };
    const env = { ...xdg, DOCKER_CREDENTIAL_ICR_CONFIG_DIR: config };
    const { stdout } = checkout.install(['--uninstall'], { env });
    const expected = process.platform === 'darwin' ? [config] : [config, cache];
    assert.match(
      stdout,
      `are still stored in\n${expected.map((folder) => `  ${folder}\n`).join('')}remove`,
    );
  });
});

test('--uninstall: keeps the helper if the configuration cannot be changed', () => {
  inCheckout((checkout) => {
    checkout.install([]);
    const { status, stderr } = checkout.install(['--uninstall'], { env: { STAND_IN_STATUS: '1' } });
    assert.is(status, 1);
    assert.match(stderr, 'was not removed');
    assert.equal(checkout.files(), [installed]);
  });
});

test('--uninstall: succeeds if nothing is installed', () => {
  inCheckout((checkout) => {
    const { status, stdout } = checkout.install(['--uninstall']);
    assert.is(status, 0);
    assert.match(stdout, `${checkout.folder}/${installed} does not exist\n`);
  });
});

/** Executables that cannot be started. */
const unstartable: readonly [what: string, spoil: (file: string) => void][] = [
  ['a file that is not executable', (file) => fs.chmodSync(file, 0o644)],
  [
    'a dangling symlink',
    (file) => {
      fs.rmSync(file);
      fs.symlinkSync('/nonexistent/canary', file);
    },
  ],
];

for (const [what, spoil] of unstartable) {
  test(`--uninstall: removes ${what}, and warns that clients may still use it`, () => {
    inCheckout((checkout) => {
      checkout.install([]);
      spoil(path.join(checkout.folder, installed));
      const { status, stdout, stderr } = checkout.install(['--uninstall']);
      assert.is(status, 1);
      assert.match(stdout, `removed ${checkout.folder}/${installed}\n`);
      assert.match(stderr, "the clients' files were not changed");
      assert.equal(checkout.files(), []);
      assert.is(checkout.notes(), '');
    });
  });
}

test('a failed build installs nothing, and preserves the installed version', () => {
  inCheckout((checkout) => {
    checkout.install([]);
    const before = fs.statSync(path.join(checkout.folder, installed)).ino;
    fs.rmSync(path.join(checkout.folder, 'a checkout', 'stand-in'));
    const { status, stderr } = checkout.install([]);
    assert.is(status, 1);
    assert.match(stderr, 'nothing was installed');
    assert.is(fs.statSync(path.join(checkout.folder, installed)).ino, before);
    assert.equal(checkout.files(), [installed]);
  });
});

const isRoot = process.geteuid?.() === 0;
for (const [what, makeForeign] of [
  ['a directory', (home: string) => fs.chownSync(home, 1717, 1717)],
  [
    'a symlink',
    (home: string) => {
      fs.renameSync(home, `${home}-target`);
      fs.symlinkSync(`${home}-target`, home);
      fs.lchownSync(home, 1717, 1717);
    },
  ],
] as const) {
  testUnless(test, !isRoot && 'needs root')(
    `root installs, runs and removes nothing below ${what} of another user`,
    () => {
      inCheckout((checkout) => {
        const installs = (words: string[]) => {
          const { status, stderr } = checkout.install(words);
          assert.is(status, 1);
          assert.match(stderr, /user 1717 owns .*home, and root changes and runs nothing there/);
        };
        makeForeign(checkout.home);
        installs([]);
        assert.not.match(checkout.files().join(), program);
        const bin = path.join(checkout.home, '.local/bin');
        fs.mkdirSync(bin, { recursive: true });
        const ran = path.join(checkout.folder, 'ran');
        fs.writeFileSync(path.join(bin, program), `#!/bin/sh\n>'${ran}'\n`, { mode: 0o755 });
        installs(['--uninstall']);
        assert.equal([fs.existsSync(ran), fs.existsSync(path.join(bin, program))], [false, true]);
      });
    },
  );
}

testUnless(test, !isRoot && 'needs root')(
  'root installs nothing below a directory whose entries all users can rename',
  () => {
    inCheckout((checkout) => {
      const shared = path.join(checkout.folder, 'shared');
      fs.mkdirSync(shared);
      fs.chmodSync(shared, 0o777);
      const { status, stderr } = checkout.install([`--prefix=${shared}/prefix`]);
      assert.is(status, 1);
      assert.match(stderr, `all users can write to ${shared}; run chmod o-w`);
      assert.equal(checkout.files(), []);
      fs.chmodSync(shared, 0o1777);
      const sticky = checkout.install([`--prefix=${shared}/prefix`]);
      assert.is(sticky.status, 0, sticky.stderr);
    });
  },
);

testUnless(test, !isRoot && 'needs root')(
  'root installs nothing in a directory that another user creates at the same time',
  () => {
    inCheckout((checkout) => {
      const shared = path.join(checkout.folder, 'shared');
      fs.mkdirSync(shared);
      fs.chmodSync(shared, 0o1777);
      const bin = checkout.addOther('bin');
      const slow = '#!/bin/sh\n/bin/mkdir "$@"; [ $# -lt 3 ] || chown 1717 "$3"\n';
      fs.writeFileSync(path.join(bin, 'mkdir'), slow, { mode: 0o755 });
      fs.rmSync(path.join(bin, program));
      const env = { PATH: `${bin}:/usr/bin:/bin` };
      const { status, stderr } = checkout.install([`--prefix=${shared}/prefix`], { env });
      assert.is(status, 1);
      assert.match(stderr, `user 1717 owns ${shared}/prefix/bin`);
      assert.equal(checkout.files(), ['bin/mkdir']);
    });
  },
);

for (const umask of ['000', '002', '077', '777']) {
  test(`umask ${umask}: other users cannot write to what is created`, () => {
    inCheckout((checkout) => {
      const shell = ['sh', '-c', `umask ${umask}; exec sh "$@"`, 'sh'];
      const { status, stderr } = checkout.install([], { shell });
      assert.is(status, 0, stderr);
      for (const name of ['.local', '.local/bin', `.local/bin/${program}`]) {
        const mode = fs.statSync(path.join(checkout.home, name)).mode;
        assert.equal([mode & 0o022, mode & 0o700], [0, 0o700], name);
      }
    });
  });
}

test('ignores programs in relative directories of PATH, as clients do', () => {
  inCheckout((checkout) => {
    fs.renameSync(
      path.join(checkout.addOther('other'), program),
      path.join(checkout.folder, program),
    );
    for (const PATH of ['.:/usr/bin:/bin', ':/usr/bin:/bin', '/usr/bin:/bin:']) {
      assert.not.match(checkout.install([], { env: { PATH } }).stdout, 'comes first');
      checkout.install(['--uninstall'], { env: { PATH } });
      assert.match(checkout.notes(), 'configure --remove', PATH);
    }
  });
});

test('does not follow a symlink that has the name of a temporary file', () => {
  inCheckout((checkout) => {
    const bin = path.join(checkout.home, '.local/bin');
    const victim = path.join(checkout.folder, 'victim');
    fs.mkdirSync(bin, { recursive: true });
    fs.writeFileSync(victim, 'precious');
    // A process number is easily guessed.
    for (let pid = process.pid; pid < process.pid + 500; pid += 1) {
      fs.symlinkSync(victim, path.join(bin, `.${program}.${pid}`));
    }
    assert.is(checkout.install([]).status, 0);
    assert.is(fs.readFileSync(victim, 'utf8'), 'precious');
  });
});

test('does not write into a directory instead of the executable', () => {
  inCheckout((checkout) => {
    fs.mkdirSync(path.join(checkout.folder, installed), { recursive: true });
    assert.match(checkout.install([]).stderr, 'is a directory');
    assert.equal(checkout.files(), []);
  });
});

test('--help: lists the options', () => {
  inCheckout((checkout) => {
    const { status, stdout } = checkout.install(['--help']);
    assert.is(status, 0);
    for (const word of ['--configure', '--uninstall', 'PREFIX']) assert.match(stdout, word);
    assert.equal(checkout.files(), []);
  });
});

for (const prefix of ['~/tools', '~canary/tools', '~']) {
  test(`refuses --prefix=${prefix}, which the shell did not expand`, () => {
    inCheckout((checkout) => {
      const { status, stderr } = checkout.install([`--prefix=${prefix}`]);
      assert.is(status, 1);
      assert.match(stderr, '--prefix="$HOME/');
      assert.equal(checkout.files(), []);
    });
  });
}

test('--dry-run in a checkout: prints the steps, including --configure', () => {
  inCheckout((checkout) => {
    const { stdout } = checkout.install(['--dry-run', '--configure']);
    assert.match(stdout, `install ${checkout.folder}/${installed}, then register it`);
    assert.equal(checkout.files(), []);
  });
});

for (const words of [['--frobnicate'], ['us.icr.io'], ['--configure', '--uninstall'], ['']]) {
  test(`refuses the arguments ${JSON.stringify(words)}`, () => {
    inCheckout((checkout) => {
      const { status, stdout, stderr } = checkout.install(words);
      assert.is(status, 2);
      assert.is(stdout, '');
      assert.match(stderr, 'usage: ');
      assert.equal(checkout.files(), []);
    });
  });
}

function isPresent(file: string): boolean {
  return fs.lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}

test('real executable: --configure adds it to config.json, and --uninstall removes it', () => {
  inCheckout((checkout) => {
    const config = path.join(checkout.home, '.docker/config.json');
    const env = { PATH: `${checkout.home}/.local/bin:/usr/bin:/bin` };
    const { status, stderr } = checkout.install(['--configure'], { env });
    assert.is(status, 0, stderr);
    assert.is(JSON.parse(fs.readFileSync(config, 'utf8')).credHelpers['us.icr.io'], 'icr');
    const target = path.join(checkout.folder, installed);
    const words = ['configure', '--identity', 'prod', '--host', 'us.icr.io'];
    const added = spawnSync(target, words, { env: { ...env, HOME: checkout.home } });
    assert.is(added.status, 0, String(added.stderr));
    const link = `${target}-prod`;
    assert.ok(fs.existsSync(link));
    const foreign = `${target}-other`;
    fs.symlinkSync('/bin/sh', foreign);

    assert.is(checkout.install(['--uninstall'], { env }).status, 0);
    assert.not.ok(fs.existsSync(target));
    assert.not.ok(isPresent(link));
    assert.ok(isPresent(foreign));
    const left = fs.existsSync(config) ? fs.readFileSync(config, 'utf8') : '';
    assert.not.match(left, 'icr');
  }, executable);
});

test.run();
