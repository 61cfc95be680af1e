import fs from 'node:fs';
import path from 'node:path';
import { answer, credential, helper, unprivilegedHelper } from '../test/support/helper.ts';
import { inHome } from '../test/support/home.ts';
import { expect, type Part } from './soak-part.ts';
import { runFile } from './uvu-run.ts';

const root = path.dirname(import.meta.dirname);
const secret = 'canary-'.padEnd(44, '0');
const login = 'login --no-verify --api-key-stdin'.split(' ');
const commands: readonly [words: readonly string[], input: string][] = [
  [['store'], credential('us.icr.io', 'iamapikey', 'canary-new')],
  [['erase'], 'us.icr.io'],
  [login, secret],
  [['configure'], ''],
  [['map', 'us.icr.io', 'default'], ''],
  [['logout'], ''],
];

/**
 * Calls `use` while all files and directories in `folder` have the modes of a read-only disk, then restores their
 * modes.
 */
function readOnly(folder: string, use: () => void): void {
  const all = ['', ...fs.readdirSync(folder, { recursive: true, encoding: 'utf8' })]
    .map((name) => path.join(folder, name))
    .map((file) => ({ file, mode: fs.statSync(file).mode }));
  for (const { file, mode } of [...all].reverse()) fs.chmodSync(file, mode & 0o555);
  try {
    use();
  } finally {
    for (const { file, mode } of all) fs.chmodSync(file, mode);
  }
}

export const readOnlyFolders: Part = {
  name: 'read-only directories',
  what: 'a read-only home directory. `get` and `list` work. Every command that would change something fails with the name of the file and the reason, and changes nothing',
  run: async () => {
    let refused = 0;
    await inHome((home) => {
      helper(home, 'store', credential('us.icr.io', 'iamapikey', secret));
      helper(home, login, secret);
      readOnly(home.folder, () => {
        for (const [words, input] of commands) {
          const { stdout, stderr, status } = unprivilegedHelper(home, words, input);
          const said = `${words.join(' ')}: ${stdout}${stderr}`;
          expect(status === 1 && /EACCES|EROFS/.test(said) && !/internal|canary/.test(said), said);
          refused += 1;
          const { stdout: got } = unprivilegedHelper(home, ['get'], 'us.icr.io');
          expect(got === answer('us.icr.io', 'iamapikey', secret), `${said}: then ${got}`);
          expect(unprivilegedHelper(home, ['list'], '').status === 0, said);
        }
      });
    });
    return `${refused} commands failed, ${refused * 2} successful reads`;
  },
};

export const links: Part = {
  name: 'symlinked directories',
  what: "the configuration directory, its subdirectories and Docker's config.json are symlinks to targets that the user or root owns and that other users cannot write. They stay symlinks, and changes are written to the targets",
  run: async () => {
    let linked = 0;
    await inHome((home) => {
      const elsewhere = path.join(home.folder, 'elsewhere');
      const link = (from: string, to: string) => {
        fs.mkdirSync(path.dirname(from), { recursive: true });
        fs.mkdirSync(to, { recursive: true });
        fs.symlinkSync(to, from);
        linked += 1;
      };
      link(home.config, path.join(elsewhere, 'config'));
      link(path.join(home.config, 'hosts'), path.join(elsewhere, 'hosts'));
      link(path.join(home.folder, '.docker'), path.join(elsewhere, 'docker'));
      fs.writeFileSync(path.join(elsewhere, 'real.json'), '{}');
      fs.symlinkSync('../real.json', path.join(elsewhere, 'docker', 'config.json'));
      linked += 1;
      for (const [words, input] of commands.slice(0, -1)) {
        const { stdout, stderr, status } = helper(home, words, input);
        expect(status === 0, `${words.join(' ')}: ${stdout}${stderr}`);
      }
      helper(home, 'store', credential('registry.example', 'me', secret));
      expect(
        fs.existsSync(path.join(elsewhere, 'hosts', 'registry.example.json')),
        'a credential behind the links',
      );
      expect(
        fs.existsSync(path.join(elsewhere, 'config', 'config.json')),
        'settings behind the link',
      );
      expect(
        fs.lstatSync(path.join(home.folder, '.docker', 'config.json')).isSymbolicLink(),
        'the link is kept',
      );
      expect(
        fs.readFileSync(path.join(elsewhere, 'real.json'), 'utf8').includes('us.icr.io'),
        'configured',
      );
      expect(
        helper(home, 'get', 'us.icr.io').stdout === answer('us.icr.io', 'iamapikey', secret),
        'get',
      );
    });
    return `${linked} symlinks`;
  },
};

export const noHome: Part = {
  name: 'HOME does not exist',
  what: '`get` reports "not found", `list` prints an empty object, and neither creates a directory. `store` and `login` create directories with access for the owner only',
  run: () =>
    inHome((home) => {
      const HOME = path.join(home.folder, 'not', 'there');
      const env = { HOME };
      for (const [verb, input] of [
        ['get', 'us.icr.io'],
        ['list', ''],
        ['erase', 'registry.example'],
      ] as const) {
        const { stdout, stderr } = helper(home, verb, input, { env });
        expect(/^(credentials not found.*|\{\})?\n?$/.test(stdout) && stderr === '', verb);
      }
      expect(!fs.existsSync(HOME), 'reading creates no directory');
      expect(helper(home, login, secret, { env }).status === 0, 'login');
      const { stdout } = helper(home, 'get', 'us.icr.io', { env });
      expect(stdout === answer('us.icr.io', 'iamapikey', secret), 'get');
      const config = path.join(HOME, '.config', 'docker-credential-icr');
      expect((fs.statSync(config).mode & 0o077) === 0, 'the mode of the folder');
      return '5 commands';
    }),
};

export const clock: Part = {
  name: 'clock set back by a year',
  what: "stored credentials work, cached tokens with a time in the future are minted again once, and locks and temporary files block no process. Tested with a clock that the test passes to the modules, not with the executable and the system's clock",
  run: async () => {
    const file = path.join(root, 'test', 'unit', 'clock-back.test.ts');
    const { passed, failed } = await runFile(file, { show: () => {} });
    expect(failed === 0 && passed > 0, 'clock-back.test.ts failed');
    return `${passed} tests`;
  },
};
