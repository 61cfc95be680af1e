import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { configFolder } from '../../src/config/folders.ts';
import { readSettings } from '../../src/config/read-settings.ts';
import { requireTrustedFolder, trustedEndpoint } from '../../src/config/trusted-endpoint.ts';
import type { HelperError } from '../../src/errors.ts';
import { testContext } from '../support/context.ts';
import { inHome } from '../support/home.ts';
import { systemError, withFs } from '../support/replaced-fs.ts';

const test = suite('trusted IAM endpoint');
const withModes = process.platform === 'win32' ? test.skip : test;
const iamEndpoint = 'https://iam.canary.example';
const repository = 'home/src/repo';

type Env = Record<string, string>;

/** Creates a context with a settings directory and the endpoint in `config.json`. */
function planted(folder: string, env: Env) {
  const context = testContext({ env: { HOME: path.join(folder, 'home'), ...env } });
  const config = configFolder(context) ?? '';
  fs.mkdirSync(config, { recursive: true, mode: 0o700 });
  const file = path.join(config, 'config.json');
  fs.writeFileSync(file, JSON.stringify({ iamEndpoint }), { mode: 0o600 });
  return { context, config, file };
}

function errorOf(action: () => unknown): HelperError | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return error as HelperError;
  }
}

function makeRepository(root: string, mark = '.git'): void {
  fs.mkdirSync(path.join(root, mark), { recursive: true });
}

/** `where` prepares the directories below the home's folder and returns the environment. */
type Row = readonly [name: string, where: (folder: string) => Env];

const refused: readonly Row[] = [
  [
    'DOCKER_CREDENTIAL_ICR_CONFIG_DIR in a checkout',
    (folder) => {
      makeRepository(path.join(folder, repository));
      return { DOCKER_CREDENTIAL_ICR_CONFIG_DIR: path.join(folder, repository, '.icr') };
    },
  ],
  [
    'the root of a checkout',
    (folder) => {
      makeRepository(path.join(folder, repository));
      return { DOCKER_CREDENTIAL_ICR_CONFIG_DIR: path.join(folder, repository) };
    },
  ],
  [
    'a checkout whose .git is a dangling symlink',
    (folder) => {
      const root = path.join(folder, repository);
      fs.mkdirSync(root, { recursive: true });
      fs.symlinkSync('none', path.join(root, '.git'));
      return { DOCKER_CREDENTIAL_ICR_CONFIG_DIR: path.join(root, '.icr') };
    },
  ],
  [
    'XDG_CONFIG_HOME in a checkout',
    (folder) => {
      makeRepository(path.join(folder, repository));
      return { XDG_CONFIG_HOME: path.join(folder, repository, 'a/b/c') };
    },
  ],
  [
    'HOME in a checkout',
    (folder) => {
      makeRepository(path.join(folder, repository));
      return { HOME: path.join(folder, repository, 'home') };
    },
  ],
  [
    'HOME is a checkout',
    (folder) => {
      makeRepository(path.join(folder, repository));
      return { HOME: path.join(folder, repository) };
    },
  ],
  [
    'a worktree or submodule, whose .git is a file',
    (folder) => {
      fs.mkdirSync(path.join(folder, repository), { recursive: true });
      fs.writeFileSync(path.join(folder, repository, '.git'), 'gitdir: /elsewhere\n');
      return { DOCKER_CREDENTIAL_ICR_CONFIG_DIR: path.join(folder, repository, '.icr') };
    },
  ],
  [
    'a committed symlink that leads out of the checkout',
    (folder) => {
      makeRepository(path.join(folder, repository));
      fs.mkdirSync(path.join(folder, 'elsewhere'));
      fs.symlinkSync(path.join(folder, 'elsewhere'), path.join(folder, repository, '.icr'));
      return { DOCKER_CREDENTIAL_ICR_CONFIG_DIR: path.join(folder, repository, '.icr') };
    },
  ],
  [
    'a current directory that is a symlink into a checkout',
    (folder) => {
      makeRepository(path.join(folder, repository));
      fs.mkdirSync(path.join(folder, repository, 'packages/app'), { recursive: true });
      fs.symlinkSync(path.join(folder, repository, 'packages/app'), path.join(folder, 'app'));
      return { DOCKER_CREDENTIAL_ICR_CONFIG_DIR: path.join(folder, 'app/.icr') };
    },
  ],
  [
    'HOME is a symlink into a checkout',
    (folder) => {
      makeRepository(path.join(folder, repository));
      fs.mkdirSync(path.join(folder, repository, 'packages/app'), { recursive: true });
      fs.symlinkSync(path.join(folder, repository, 'packages/app'), path.join(folder, 'app'));
      return { HOME: path.join(folder, 'app') };
    },
  ],
  [
    'a bare repository that is its own work tree',
    (folder) => {
      const root = path.join(folder, repository);
      for (const name of ['objects', 'refs']) makeRepository(root, name);
      fs.symlinkSync('refs/heads/none', path.join(root, 'HEAD'));
      return { DOCKER_CREDENTIAL_ICR_CONFIG_DIR: path.join(root, '.icr') };
    },
  ],
  [
    'GIT_WORK_TREE',
    (folder) => ({
      GIT_WORK_TREE: path.join(folder, repository),
      DOCKER_CREDENTIAL_ICR_CONFIG_DIR: path.join(folder, repository, '.icr'),
    }),
  ],
  [
    'GIT_WORK_TREE is a symlink',
    (folder) => {
      fs.symlinkSync('home', path.join(folder, 'app'));
      return { GIT_WORK_TREE: path.join(folder, 'app') };
    },
  ],
  ...['.hg', '.jj', '.svn', '.sl', '.pijul', '.bzr', '_darcs', '.fslckout', '_FOSSIL_', 'CVS'].map(
    (mark): Row => [
      `a checkout with ${mark}`,
      (folder) => {
        makeRepository(path.join(folder, repository), mark);
        return { DOCKER_CREDENTIAL_ICR_CONFIG_DIR: path.join(folder, repository, '.icr') };
      },
    ],
  ),
];

for (const [name, where] of refused) {
  withModes(`refused: ${name}`, () =>
    inHome(({ folder }) => {
      const { context, file } = planted(folder, where(folder));
      const error = errorOf(() => trustedEndpoint(context, readSettings(context)));
      assert.is(error?.code, 'misconfigured');
      const reason = `iamEndpoint in ${file} is not used: the directory is inside the repository `;
      assert.ok(error?.message.startsWith(reason), error?.message);
      assert.match(
        error?.hint ?? '',
        /^move \S+ out of the repository, or set IBMCLOUD_IAM_API_END/,
      );
      assert.is(errorOf(() => requireTrustedFolder(context))?.code, 'misconfigured');
    }),
  );
}

const accepted: readonly Row[] = [
  ['the usual directory', () => ({})],
  [
    'a directory beside a checkout',
    (folder) => {
      makeRepository(path.join(folder, repository));
      return { DOCKER_CREDENTIAL_ICR_CONFIG_DIR: path.join(folder, `${repository}.tmp/icr`) };
    },
  ],
  [
    'a directory beside a checkout, with a path through it',
    (folder) => {
      makeRepository(path.join(folder, repository));
      return { DOCKER_CREDENTIAL_ICR_CONFIG_DIR: `${folder}/${repository}/../icr` };
    },
  ],
  ...['HEAD', 'objects', 'refs'].map(
    (missing): Row => [
      `a directory that differs from a bare repository by ${missing}`,
      (folder) => {
        for (const name of ['HEAD', 'objects', 'refs']) {
          if (name !== missing) makeRepository(path.join(folder, 'app'), name);
        }
        return { DOCKER_CREDENTIAL_ICR_CONFIG_DIR: path.join(folder, 'app/icr') };
      },
    ],
  ),
  [
    'a directory outside of GIT_WORK_TREE',
    (folder) => ({
      GIT_DIR: path.join(folder, 'elsewhere.git'),
      GIT_WORK_TREE: path.join(folder, repository),
    }),
  ],
  [
    'a directory that contains a checkout',
    (folder) => {
      makeRepository(path.join(folder, 'all/src/repo'));
      return { DOCKER_CREDENTIAL_ICR_CONFIG_DIR: path.join(folder, 'all/icr') };
    },
  ],
  [
    'the usual directory is a symlink to dotfiles in a repository',
    (folder) => {
      makeRepository(path.join(folder, 'home/dotfiles'));
      linkUsual(folder, 'home/dotfiles/icr');
      return {};
    },
  ],
  [
    'the usual directory as a symlink, with XDG_CONFIG_HOME set to it',
    (folder) => {
      makeRepository(path.join(folder, 'home/dotfiles'));
      linkUsual(folder, 'home/dotfiles/icr');
      return process.platform === 'darwin'
        ? {}
        : { XDG_CONFIG_HOME: path.join(folder, 'home/.config') };
    },
  ],
];

/** Makes the usual directory a symlink to a dotfiles repository. */
function linkUsual(folder: string, target: string): void {
  const usual = configFolder(testContext({ env: { HOME: path.join(folder, 'home') } })) ?? '';
  fs.mkdirSync(path.dirname(usual), { recursive: true });
  fs.mkdirSync(path.join(folder, target), { recursive: true, mode: 0o700 });
  fs.symlinkSync(path.join(folder, target), usual);
}

for (const [name, where] of accepted) {
  withModes(`accepted: ${name}`, () =>
    inHome(({ folder }) => {
      const { context } = planted(folder, where(folder));
      assert.is(trustedEndpoint(context, readSettings(context)), iamEndpoint);
    }),
  );
}

withModes('refused: the current directory if GIT_DIR makes it a work tree', () =>
  inHome(({ folder }) => {
    const config = path.join(folder, repository, '.icr');
    const { context } = planted(folder, { DOCKER_CREDENTIAL_ICR_CONFIG_DIR: config });
    const withGit = { ...context, env: { ...context.env, GIT_DIR: path.join(folder, 'app.git') } };
    const before = process.cwd();
    try {
      for (const [place, isRefused] of [
        [repository, true],
        ['home', true],
        [`${repository}/.icr`, true],
        ['elsewhere', false],
      ] as const) {
        fs.mkdirSync(path.join(folder, place), { recursive: true });
        process.chdir(path.join(folder, place));
        assert.is(errorOf(() => requireTrustedFolder(withGit)) !== undefined, isRefused, place);
        assert.is(
          errorOf(() => requireTrustedFolder(context)),
          undefined,
          place,
        );
      }
    } finally {
      process.chdir(before);
    }
  }),
);

for (const [name, mode, isFile] of [
  ['others can write the directory', 0o777, false],
  ['the group can write the directory', 0o770, false],
  ['others can write a directory with the sticky bit', 0o1777, false],
  ['others can write config.json', 0o666, true],
  ['the group can write config.json', 0o660, true],
] as const) {
  withModes(`refused: ${name}, including the second time`, () =>
    inHome(({ folder }) => {
      const { context, config, file } = planted(folder, {});
      const changed = isFile ? file : config;
      fs.chmodSync(changed, mode);
      for (const _ of [1, 2]) {
        const error = errorOf(() => trustedEndpoint(context, readSettings(context)));
        assert.is(error?.code, 'misconfigured');
        assert.match(error?.message ?? '', `other users can write ${changed}`);
        assert.match(error?.hint ?? '', `run chmod go-w ${changed}, or set IBMCLOUD_IAM_API_END`);
      }
      fs.chmodSync(changed, mode & ~0o022);
      assert.is(trustedEndpoint(context, readSettings(context)), iamEndpoint);
    }),
  );
}

withModes('refused: another user owns config.json, such as when root runs in a user’s home', () =>
  inHome(({ folder }) => {
    const { context, file } = planted(folder, {});
    const { uid } = fs.statSync(file);
    if (uid === 0) fs.chownSync(file, 1234, 1234);
    const other = testContext({ ...context, uid: uid + 1 });
    const error = errorOf(() => trustedEndpoint(other, { iamEndpoint }));
    assert.is(error?.code, 'misconfigured');
    assert.match(error?.message ?? '', 'another user (');
    assert.match(error?.hint ?? '', /^remove it, or set IBMCLOUD_IAM_API_ENDPOINT/);
  }),
);

withModes('accepted: the usual directory on Windows is a symlink to dotfiles', () =>
  inHome(({ folder }) => {
    const APPDATA = path.join(folder, 'home');
    const windows = testContext({ platform: 'win32', env: { APPDATA } });
    const usual = configFolder(windows) ?? '';
    const dotfiles = path.join(APPDATA, 'dotfiles');
    makeRepository(dotfiles);
    fs.mkdirSync(path.join(dotfiles, 'icr'), { mode: 0o700 });
    fs.symlinkSync(path.join(dotfiles, 'icr'), usual);
    requireTrustedFolder(windows);
    const other = testContext({ platform: 'linux', env: { APPDATA, HOME: APPDATA } });
    const env = { ...other.env, DOCKER_CREDENTIAL_ICR_CONFIG_DIR: usual };
    assert.is(errorOf(() => requireTrustedFolder({ ...other, env }))?.code, 'misconfigured');
  }),
);

test('accepted: without a home, there is no directory that others could change', () =>
  assert.is(trustedEndpoint(testContext(), { iamEndpoint }), iamEndpoint));

withModes('accepts /etc as a repository, as etckeeper creates it, but no other directory', () => {
  for (const [parent, isRefused] of [
    ['/etc', false],
    ['/etc/deeper', true],
    ['/opt', true],
  ] as const) {
    const env = { DOCKER_CREDENTIAL_ICR_CONFIG_DIR: `${parent}/docker-credential-icr-canary` };
    const lstatSync = (file: string) => file === `${parent}/.git` || systemError('ENOENT');
    withFs({ lstatSync }, () => {
      const error = errorOf(() => requireTrustedFolder(testContext({ env })));
      assert.is(error !== undefined, isRefused, parent);
    });
  }
});

test('does not check the directory without the setting or with the variable', () =>
  inHome(({ folder }) => {
    makeRepository(path.join(folder, repository));
    const where = { DOCKER_CREDENTIAL_ICR_CONFIG_DIR: path.join(folder, repository, '.icr') };
    const { context } = planted(folder, where);
    assert.is(trustedEndpoint(context, {}), undefined);
    const env = { ...context.env, IBMCLOUD_IAM_API_ENDPOINT: 'https://iam.test.cloud.ibm.com' };
    assert.is(trustedEndpoint({ ...context, env }, { iamEndpoint }), iamEndpoint);
  }));

/** All other modules send secrets to the result of `trustedEndpoint` only. */
test('only these modules read the unchecked setting', () => {
  const root = path.resolve(import.meta.dirname, '../../src');
  const readers = fs
    .readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.startsWith('config'))
    .filter((name) =>
      /\)\.iamEndpoint|settings\.iamEndpoint|[{,] iamEndpoint\b[^}()]*\} = (?:await )?(?:\w+\.)?\w*[sS]ettings/.test(
        fs.readFileSync(path.join(root, name), 'utf8'),
      ),
    )
    .map((name) => name.replaceAll(path.sep, '/'));
  const expected = ['cli/doctor/network-checks.ts', 'identity/tokens.ts', 'kubernetes/provide.ts'];
  assert.equal(
    readers.sort(),
    expected,
    'to compare cached tokens, and to say which setting to remove',
  );
});

test.run();
