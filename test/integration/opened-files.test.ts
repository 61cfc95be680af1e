import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { credential, executable } from '../support/helper.ts';
import { type Home, inHome, writeIdentity } from '../support/home.ts';

const test = suite('files that the executable opens');

/** Files that the dynamic loader, the C library and the runtime open. */
const ofSystem =
  /^(\/$|\/(lib|lib64|usr\/lib|usr\/lib64|proc|sys|dev)(\/|$)|\/usr\/share\/(zoneinfo|locale)\/|\/etc\/(ld\.so|localtime|timezone|nsswitch\.conf|resolv\.conf|hosts|host\.conf|ssl\/|ca-certificates))/;

/** Returns the paths in the output of `strace`, except system files and the program's two directories. */
function opened(home: Home, words: readonly string[], input: string): string[] {
  const log = path.join(home.folder, 'strace');
  const folder = path.join(home.folder, 'project', 'below');
  fs.mkdirSync(folder, { recursive: true });
  const command = ['-f', '-e', 'trace=file', '-s', '4096', '-o', log, executable, ...words];
  const { error } = spawnSync('strace', command, {
    env: home.env,
    cwd: folder,
    input,
  });
  if (error !== undefined && !('code' in error && error.code === 'EPIPE')) throw error;
  const names = [...fs.readFileSync(log, 'utf8').matchAll(/^\d+ +(\w+)\(.*?"((?:[^"\\]|\\.)*)"/gm)];
  const ours = [path.join(home.folder, '.config'), path.join(home.folder, '.cache')];
  return names
    .filter(([, call]) => call !== 'getcwd' && call !== 'execve')
    .map(([, , name = '']) => name)
    .filter((name) => name !== '' && name !== executable && !ofSystem.test(name))
    .filter((name) => name !== home.folder && !ours.some((folder) => name.startsWith(folder)));
}

/** After a login, the command checks whether a client's file names the helper. */
const ofClients =
  /\/(\.docker\/config\.json|etc\/containers\/registries\.conf(\.d(\/[^/]+)?)?|run\/containers\/\d+\/auth\.json)$/;

/** `status` and `map` show which clients' files name a helper of an identity, and read the directories of such helpers. */
const ofHelpers =
  /\/dist$|\/(\.docker\/config\.json|\.docker\/buildx\/config|containers(\/\d+)?\/auth\.json|\.local\/bin|docker-credential-icr)$/;

const cases: readonly (readonly [words: readonly string[], input?: string, allowed?: RegExp])[] = [
  [['get'], 'us.icr.io'],
  [['get'], 'other.example'],
  [['list']],
  [['store'], credential('de.icr.io')],
  [['erase'], 'us.icr.io'],
  [['version']],
  [['--help']],
  [['login', '--help']],
  [['no-such-word']],
  [['status'], '', ofHelpers],
  [['status', '--json'], '', ofHelpers],
  [['map', 'us.icr.io', 'work'], '', ofHelpers],
  [['unmap', 'us.icr.io']],
  [['status', '--history'], '', ofHelpers],
  [['settings']],
  [['settings', 'access-log', 'on']],
  [['kubernetes', 'config']],
  [['kubernetes', 'daemonset', '--image', 'us.icr.io/tools/icr']],
  [['help', 'login']],
  [
    ['login', '--no-verify', '--api-key-stdin', '--store', 'file'],
    'canary-key-0123456789-0123456789',
    ofClients,
  ],
  [['settings', 'ibmcloud-session', 'on']],
  [['completion', 'bash']],
  [['--get-yargs-completions', 'docker-credential-icr', 'login', '--identity', '']],
  [['logout']],
];

const canTrace = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0;
const withStrace = canTrace ? test : test.skip;

for (const [words, input = '', allowed = /^$/] of cases) {
  withStrace(`${words.join(' ')}: only its own`, () =>
    inHome((home) => {
      writeIdentity(home);
      const others = opened(home, words, input).filter((name) => !allowed.test(name));
      assert.equal(others, []);
    }),
  );
}

test.run();
