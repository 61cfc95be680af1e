import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { executable } from '../../scripts/build.ts';
import { type Home, inHome, snapshot, writeConfig, writeIdentity } from '../support/home.ts';
import { hasShell, type ShellName, typeInShell } from '../support/shell-terminal.ts';

const test = suite('shell completion');

/** The command that loads the completion in each shell. */
const loads: Readonly<Record<ShellName, string>> = {
  bash: 'source completion.bash',
  zsh: 'autoload -U compinit; compinit -u -d ./dump; source completion.zsh',
  fish: 'source completion.fish',
};
const shells = Object.keys(loads) as ShellName[];

/** Words that run a command or split if a shell expands them. `MARK` is a file that must not be created. */
const hostile = [
  '$(touch MARK)',
  '`touch MARK`',
  '$((a[$(touch MARK)]))',
  '<(touch MARK)',
  '(touch MARK)',
  'a;touch MARK',
  'a&touch MARK',
  'a|touch MARK',
  'a||touch MARK',
  'a>MARK',
  "a'b",
  "'$(touch MARK)'",
  'a"b',
  '"$(touch MARK)"',
  'a b',
  '*',
  '?',
  '[a-z]*',
  '{a,b}',
  '$HOME',
  'a\\b',
  'a#b',
  '!!',
  '^a^b',
  '=ls',
];

/** The same, plus names that are possible only in the settings file. */
const hostileNames = [
  ...hostile,
  'a\ntouch MARK',
  '\n$(touch MARK)',
  'a\ttouch MARK',
  'a\u001b[31m',
  '~root',
  '-x',
  '--api-key-stdin',
  'a\u202eb',
  'us.icr.io/$(touch MARK)',
];

interface Place {
  readonly home: Home;
  readonly env: Readonly<Record<string, string>>;
  /** Exists if a shell evaluated a word. */
  readonly mark: string;
}

/** Creates a home with the three scripts, and `program` as docker-credential-icr on PATH. */
function inPlace(program: string | undefined, use: (place: Place) => Promise<void>) {
  return inHome(async (home) => {
    const bin = path.join(home.folder, 'bin');
    fs.mkdirSync(bin);
    const file = path.join(bin, 'docker-credential-icr');
    if (program === undefined) fs.symlinkSync(executable, file);
    else fs.writeFileSync(file, program, { mode: 0o755 });
    for (const shell of shells) {
      const { stdout } = spawnSync(executable, ['completion', shell], { encoding: 'utf8' });
      fs.writeFileSync(path.join(home.folder, `completion.${shell}`), stdout);
    }
    const env = { ...home.env, PATH: `${bin}:/usr/bin:/bin` };
    await use({ home, env, mark: path.join(home.folder, 'MARK') });
  });
}

/** Completes the first line of the file `words`; when run, removes that line and appends its arguments to `arguments`. */
const recorder = `#!/bin/sh
if [ "$1" = --get-yargs-completions ]; then exec head -n 1 "$HOME/words"; fi
printf '%s\\0' "$@" >>"$HOME/arguments"
exec sed -i 1d "$HOME/words"
`;
/** Completes as the executable does; when run, appends its arguments to `arguments`. */
const recordingExecutable = `#!/bin/sh
if [ "$1" = --get-yargs-completions ]; then exec '${executable}' "$@"; fi
printf '%s\\0' "$@" >>"$HOME/arguments"
`;
/** Ctrl-B, which moves the cursor to the left. */
const left = '\x02';
/** Shows all candidates: the first Tab of bash inserts what they have in common, the third one lists them. */
const tabs: Readonly<Record<ShellName, string>> = { bash: '\t\t\t', zsh: '\t\t', fish: '\t\t' };
/** Ctrl-U. */
const killLine = '\x15';

for (const shell of shells) {
  const withShell = hasShell(shell) ? test : test.skip;

  withShell(`${shell}: completes valid names, and does not evaluate others`, () =>
    inPlace(undefined, async ({ home, env, mark }) => {
      const identity = { kind: 'api-key', secretSetAt: 0 };
      const names = ['good-one', 'good-two', ...hostileNames];
      writeConfig(
        home,
        'config.json',
        JSON.stringify({
          identities: Object.fromEntries(names.map((name) => [name, identity])),
          mappings: Object.fromEntries(hostileNames.map((name) => [name, { identity: name }])),
          store: '$(touch MARK)',
          computeProfile: '$(touch MARK)',
          fallbackHelper: '`touch MARK`',
        }),
      );
      const lines = ['map us.icr.io ', 'login --identity ', 'logout ', 'unmap ', 'exec '];
      const keys = lines.map((line) => `docker-credential-icr ${line}${tabs[shell]}${killLine}`);
      const screen = await typeInShell(shell, loads[shell], keys, { cwd: home.folder, env });
      assert.match(screen, 'good-one', screen);
      assert.match(screen, 'good-two');
      assert.not.match(screen, /touch|~root|a b|\u202e/, screen);
      assert.not.ok(fs.existsSync(mark));
    }),
  );

  withShell(`${shell}: inserts any word literally`, () =>
    inPlace(recorder, async ({ home, env, mark }) => {
      fs.writeFileSync(path.join(home.folder, 'words'), `${hostile.join('\n')}\n`);
      const keys = hostile.map(() => 'docker-credential-icr login \t');
      const screen = await typeInShell(shell, loads[shell], keys, { cwd: home.folder, env });
      const passed = fs.readFileSync(path.join(home.folder, 'arguments'), 'utf8');
      assert.equal(passed.split('\0'), [...hostile.flatMap((word) => ['login', word]), ''], screen);
      assert.not.ok(fs.existsSync(mark));
    }),
  );

  withShell(`${shell}: does not evaluate typed words`, () =>
    inPlace(undefined, async ({ home, env, mark }) => {
      // At the end of such a word zsh itself expands it, for any command.
      const words = ['$(touch MARK)', '`touch MARK`', "'$(touch MARK)'", '"$(touch MARK)"'];
      const keys = words.flatMap((word) => [
        `docker-credential-icr login ${word} ${tabs[shell]}${killLine}`,
        `docker-credential-icr login --identity ${word} --present ${tabs[shell]}${killLine}`,
      ]);
      const screen = await typeInShell(shell, loads[shell], keys, { cwd: home.folder, env });
      assert.match(screen, /iambearer/);
      assert.not.ok(fs.existsSync(mark), screen);
    }),
  );

  withShell(`${shell}: completes after an equals sign and before other words`, () =>
    inPlace(recordingExecutable, async ({ home, env }) => {
      writeIdentity(home);
      const keys = [
        'docker-credential-icr login --identity=wo\t',
        'docker-credential-icr login --identity=\t',
        `docker-credential-icr login --identity wo us.icr.io${left.repeat(' us.icr.io'.length)}\t`,
      ];
      const screen = await typeInShell(shell, loads[shell], keys, { cwd: home.folder, env });
      const passed = fs.readFileSync(path.join(home.folder, 'arguments'), 'utf8').split('\0');
      const one = ['login', '--identity=work'];
      assert.equal(
        passed,
        [...one, ...one, 'login', '--identity', 'work', 'us.icr.io', ''],
        screen,
      );
    }),
  );

  withShell(`${shell}: runs no program in a relative directory of PATH`, () =>
    inPlace(undefined, async ({ home, env, mark }) => {
      const planted = path.join(home.folder, 'docker-credential-icr');
      fs.writeFileSync(planted, '#!/bin/sh\ntouch MARK\n', { mode: 0o755 });
      const keys = [`docker-credential-icr login ${tabs[shell]}${killLine}`];
      for (const relative of ['.', '', `../${path.basename(home.folder)}`]) {
        const surroundings = { ...env, PATH: `${relative}:${env.PATH}` };
        await typeInShell(shell, loads[shell], keys, { cwd: home.folder, env: surroundings });
        assert.not.ok(fs.existsSync(mark), relative);
      }
    }),
  );

  withShell(`${shell}: completes the names of files if nothing else is known`, () =>
    inPlace(recorder, async ({ home, env }) => {
      fs.writeFileSync(path.join(home.folder, 'words'), '');
      fs.writeFileSync(path.join(home.folder, 'only-one.json'), '');
      const keys = ['docker-credential-icr login --api-key-file only\t'];
      const screen = await typeInShell(shell, loads[shell], keys, { cwd: home.folder, env });
      const passed = fs.readFileSync(path.join(home.folder, 'arguments'), 'utf8');
      assert.match(passed, 'only-one.json', screen);
    }),
  );

  withShell(`${shell}: Tab changes nothing`, () =>
    inPlace(undefined, async ({ home, env }) => {
      writeConfig(
        home,
        'config.json',
        '{"identities":{"work":{"kind":"api-key","secretSetAt":0}}}',
      );
      writeConfig(home, 'identities/work.json', '{"Username":"iamapikey","Secret":"canary"}');
      const before = snapshot(home.config);
      const lines = ['logout ', 'logout --identity work ', 'store move ', 'settings '];
      const keys = lines.map((line) => `docker-credential-icr ${line}${tabs[shell]}${killLine}`);
      await typeInShell(shell, loads[shell], keys, { cwd: home.folder, env });
      assert.equal(snapshot(home.config), before);
    }),
  );
}

test.run();
