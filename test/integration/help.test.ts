import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { commands } from '../../src/cli/commands.ts';
import { helpFor } from '../../src/cli/help.ts';
import { testContext } from '../support/context.ts';
import { executable, helper } from '../support/helper.ts';
import { inHome, writeIdentity } from '../support/home.ts';
import { atTerminal, hasTerminal } from '../support/terminal.ts';

const test = suite('help');

const nameOf = ({ usage }: { readonly usage: string }) => usage.replace(/ .*/, '');
const paths = commands.flatMap((entry): string[][] =>
  'commands' in entry
    ? [[nameOf(entry)], ...entry.commands.map((inner) => [nameOf(entry), nameOf(inner)])]
    : [[nameOf(entry)]],
);

async function helpAt(columns: number, words: readonly string[]): Promise<string> {
  const screen = () => ({ columns, write: () => {} });
  const text = await helpFor(testContext({ screen }), words);
  assert.ok(text, words.join(' '));
  return text ?? '';
}

test('overview: every command is in it once, under a heading', async () => {
  const text = await helpAt(80, []);
  const headings = ['Get started', 'Accounts and hosts', 'IBM Cloud', 'Clusters', 'Other'];
  const found = text.split('\n').filter((line) => headings.includes(line));
  assert.equal(found, headings);
  for (const name of commands.map(nameOf)) {
    assert.is(text.match(new RegExp(`^  ${name}( |$)`, 'gm'))?.length, 1, name);
  }
});

test('usage: the name of the program is in it once', async () => {
  for (const path of [[], ...paths]) {
    const [usage = ''] = (await helpAt(80, path)).match(/^Usage: .*/m) ?? [];
    assert.is(usage.split('docker-credential-icr').length, 2, usage);
  }
});

/** Words of a text, without line breaks and the backslashes before them. */
const wordsOf = (text: string) =>
  text
    .replaceAll(' \\\n', '\n')
    .split(/\s+/)
    .filter((word) => word !== '');

for (const columns of [40, 80, 100]) {
  test(`${columns} columns: no line breaks inside a word`, async () => {
    for (const path of [[], ...paths]) {
      const text = await helpAt(columns, path);
      assert.equal(wordsOf(text).sort(), wordsOf(await helpAt(10_000, path)).sort());
      for (const line of text.split('\n').filter(({ length }) => length > columns)) {
        // A quoted argument cannot be broken.
        const shown = line.replace(/ \\$/, '').replace(/'[^']*'/g, 'QUOTED');
        assert.is(wordsOf(shown).length, 1, line);
      }
    }
  });
}

test('login: options are grouped', async () => {
  const text = await helpAt(80, ['login']);
  for (const heading of ['Secret from (choose one)', 'Identity', 'Storage', 'Examples']) {
    assert.match(text, `\n${heading}\n`);
  }
});

const same: readonly [asked: string, as: string][] = [
  ['help', '--help'],
  ['-h', '--help'],
  ['help login', 'login --help'],
  ['login -h', 'login --help'],
  ['login us.icr.io -h', 'login --help'],
  ['login --identity work --help', 'login --help'],
  ['help api-key', 'api-key --help'],
  ['help api-key list', 'api-key list --help'],
  ['api-key list -h', 'api-key list --help'],
  ['help help', '--help'],
  ['get --help', '--help'],
  ['help get', '--help'],
];

for (const [asked, as] of same) {
  test(`${asked}: the same as ${as}`, () =>
    inHome((home) => {
      const outcome = helper(home, asked.split(' '));
      assert.equal(outcome, helper(home, as.split(' ')));
      assert.is(outcome.status, 0);
      assert.match(outcome.stdout, 'Usage: docker-credential-icr');
    }));
}

test('exec: --help after -- belongs to the other program', () =>
  inHome((home) => {
    writeIdentity(home);
    const { stdout } = helper(home, ['exec', 'us.icr.io', '--', 'printf', '%s', '--help']);
    assert.is(stdout, '--help');
  }));

const unknown: readonly [words: string, message: string, hint: string][] = [
  [
    'whoami',
    'unknown command: whoami',
    'try docker-credential-icr status, or see docker-credential-icr --help',
  ],
  [
    'signin',
    'unknown command: signin',
    'try docker-credential-icr login, or see docker-credential-icr --help',
  ],
  [
    'statsu',
    'unknown command: statsu',
    'try docker-credential-icr status, or see docker-credential-icr --help',
  ],
  [
    'conf',
    'unknown command: conf',
    'try docker-credential-icr configure, or see docker-credential-icr --help',
  ],
  [
    'help whoami',
    'unknown command: whoami',
    'try docker-credential-icr status, or see docker-credential-icr --help',
  ],
  ['frobnicate', 'unknown command: frobnicate', 'see docker-credential-icr --help'],
  [
    'store mvoe pass',
    'unknown command: store mvoe',
    'try docker-credential-icr store move, or see docker-credential-icr store --help',
  ],
  [
    'api-key ls',
    'unknown command: api-key ls',
    'try docker-credential-icr api-key list, or see docker-credential-icr api-key --help',
  ],
  ['api-key', 'api-key needs a command', 'see docker-credential-icr api-key --help'],
  [
    'login --identiy work',
    'unknown option: --identiy',
    'try --identity, or see docker-credential-icr login --help',
  ],
  ['status --foo', 'unknown option: --foo', 'see docker-credential-icr status --help'],
  ['unmap', 'unmap needs another argument', 'see docker-credential-icr unmap --help'],
  ['login --identity', '--identity needs a value', 'see docker-credential-icr login --help'],
  ['unmap us.icr.io x', 'unknown argument: x', 'see docker-credential-icr unmap --help'],
  [
    'login --api-key-file a --api-key-file b',
    '--api-key-file can be used only once',
    'see docker-credential-icr login --help',
  ],
  [
    'configure --region.x=1',
    'unknown option: --region.x',
    'try --region, or see docker-credential-icr configure --help',
  ],
];

for (const [words, message, hint] of unknown) {
  test(`${words}: ${message}`, () =>
    inHome((home) => {
      const { stdout, stderr, status } = helper(home, words.split(' '));
      assert.equal([stdout, status], ['', 2]);
      assert.is(stderr, `docker-credential-icr: ${message}\nhint: ${hint}\n`);
    }));
}

const secrets = [
  'login --api-key KEY',
  'login --api-key=KEY',
  'login --apikey KEY us.icr.io',
  'login -p KEY',
  'login -pKEY',
  'login --password KEY',
  'login us.icr.io --token KEY',
  'setup --api-key KEY',
  'api-key create --key KEY',
  'KEY',
  'api-key KEY',
  'help KEY',
  '--KEY',
];
const key = 'canary-key-of-forty-four-characters-or-more-';

for (const words of secrets) {
  test(`${words}: the key is not shown`, () =>
    inHome((home) => {
      const { stdout, stderr, status } = helper(home, words.replace('KEY', key).split(' '));
      assert.equal([stdout, status], ['', 2]);
      assert.not.match(stderr, 'canary');
      if (/^(login|setup) /.test(words)) {
        assert.match(stderr, /^docker-credential-icr: --?[a-z-]+ is not accepted: /);
        assert.match(stderr, '\nhint: use --api-key-stdin or --api-key-file; ');
      }
    }));
}

test('a closed pipe ends a command without a message', () =>
  inHome(async (home) => {
    const child = spawn(executable, ['doctor', '--json'], { env: home.env, cwd: home.folder });
    child.stdout.destroy();
    let errors = '';
    child.stderr.on('data', (text) => {
      errors += text;
    });
    const [status] = await once(child, 'close');
    assert.equal([status, errors], [141, '']);
  }));

(hasTerminal() ? test : test.skip)('status on 40 columns: no line is wider', () =>
  inHome(async (home) => {
    writeIdentity(home);
    const command = `stty cols 40; exec "${executable}" status`;
    const { screen, status } = await atTerminal(command, [], { cwd: home.folder, env: home.env });
    assert.is(status, 0);
    assert.match(screen, /^us\.icr\.io\n {2}STATE +ok\n {2}IDENTITY +work\n/m);
    assert.ok(screen.split('\n').every(({ length }) => length <= 40));
  }),
);

test.run();
