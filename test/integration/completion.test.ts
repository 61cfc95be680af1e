import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { executable } from '../../scripts/build.ts';

const test = suite('completion');

const rows: readonly [words: string[], offered: string[], not: string[]][] = [
  [['completion', ''], ['bash', 'zsh', 'fish'], ['us.icr.io']],
  [['completion', 'bash', ''], [], ['zsh']],
  [['login', '--present', ''], ['iamapikey', 'iambearer', 'iamrefresh'], ['us.icr.io']],
  [['map', 'us.icr.io', 'ci', '--present', ''], ['iambearer'], ['us.icr.io']],
  [['login', ''], ['us.icr.io'], ['iambearer']],
  [['compl'], ['completion'], ['us.icr.io']],
];

for (const [words, offered, not] of rows) {
  test(`completes ${words.join(' ')}`, () => {
    const given = ['--get-yargs-completions', 'docker-credential-icr', ...words];
    const { stdout } = spawnSync(executable, given, { encoding: 'utf8' });
    const said = stdout.trimEnd().split('\n');
    for (const word of offered) assert.ok(said.includes(word), stdout);
    for (const word of not) assert.not.ok(said.includes(word), stdout);
  });
}

test('completes the same words for any SHELL', () => {
  const given = ['--get-yargs-completions', 'docker-credential-icr', 'log'];
  const outputs = ['/bin/bash', '/bin/zsh', '/usr/bin/fish'].map(
    (shell) =>
      spawnSync(executable, given, { encoding: 'utf8', env: { SHELL: shell, ZSH_NAME: 'zsh' } })
        .stdout,
  );
  assert.is(new Set(outputs).size, 1);
  assert.match(String(outputs[0]), /^login$/m);
});

/** Presses Tab in zsh after loading the completion this way; returns when the word is complete. */
const pressTab = (load: string) => `
zmodload zsh/zpty
zpty z zsh -f
zpty -w z "fpath=($PWD/functions $fpath); autoload -U compinit; compinit -u -d $PWD/dump; ${load}"
zpty -w z 'print loaded$((1 + 1))'
zpty -r z seen '*loaded2*'
zpty -w -n z $'docker-credential-icr compl\\t'
zpty -r z seen '*docker-credential-icr completion*'
print whole
`;

const ways: readonly [how: string, load: string][] = [
  ['autoloaded by name', ':'],
  ['sourced from a file', 'source $PWD/sourced.zsh'],
  ['evaluated', 'eval \\"\\$(docker-credential-icr completion zsh)\\"'],
];

const withZsh = spawnSync('zsh', ['-fc', 'zmodload zsh/zpty']).status === 0 ? test : test.skip;
for (const [how, load] of ways) {
  withZsh(`zsh: completes at the first Tab, ${how}`, () => {
    const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'completion-')));
    try {
      fs.mkdirSync(path.join(folder, 'bin'));
      fs.symlinkSync(executable, path.join(folder, 'bin', 'docker-credential-icr'));
      const text = spawnSync(executable, ['completion', 'zsh'], { encoding: 'utf8' }).stdout;
      fs.mkdirSync(path.join(folder, 'functions'));
      const name = load === ':' ? 'functions/_docker-credential-icr' : 'sourced.zsh';
      fs.writeFileSync(path.join(folder, name), text);
      const { stdout } = spawnSync('zsh', ['-f', '-c', pressTab(load)], {
        cwd: folder,
        env: { HOME: folder, PATH: `${folder}/bin:/usr/bin:/bin`, TERM: 'dumb' },
        encoding: 'utf8',
        timeout: 30_000,
      });
      assert.is(stdout, 'whole\n');
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });
}

test.run();
