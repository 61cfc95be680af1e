import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { stoppedCommand } from '../support/bundle.ts';
import { answer, credential, executable, type Outcome } from '../support/helper.ts';
import { filesWith, type Keychains, keyNamed, withKeychains } from './store-keychains.ts';

const test = suite('store move');

const login = 'login --no-verify --api-key-stdin';
const hub = 'https://index.docker.io/v1/';
/** The output of `get` for each host after `fill`. */
const answers: readonly (readonly [host: string, expected: string])[] = [
  ['us.icr.io', answer('us.icr.io', 'iamapikey', keyNamed('every'))],
  ['de.icr.io', answer('de.icr.io', 'iamapikey', keyNamed('german'))],
  ['registry.example:5000', answer('registry.example:5000', '<token>', 'canary-token')],
  [hub, answer(hub, 'me', 'canary "quoted" \\ é')],
];

/** Stores an identity for all hosts, one for a single host, and two docker logins. */
function fill({ say }: Keychains, store: string): void {
  say(`${login} --store ${store}`, keyNamed('every'));
  say(`${login} de.icr.io`, keyNamed('german'));
  for (const [, text] of answers.slice(2)) say('store', text);
}

function expectAll({ call }: Keychains, when: string): void {
  for (const [host, expected] of answers) {
    const { stdout, stderr } = call('get', host);
    assert.is(stdout, expected, `${host} ${when}: ${stderr}`);
  }
}

/** Requires that only the given store contains secrets. */
function expectOnlyIn({ home, kept }: Keychains, store: string): void {
  for (const name of ['osxkeychain', 'wincred']) {
    const secrets = Object.keys(kept(name)).filter((url) => !url.includes('/trial/'));
    assert.is(secrets.length, name === store ? answers.length : 0, name);
  }
  const files = filesWith(home, 'canary');
  assert.is(files.length, store === 'file' ? answers.length : 0);
}

/** Filled homes by store, to copy: filling one takes a second. */
const templates = new Map<string, string>();
test.after(() => {
  for (const folder of templates.values()) fs.rmSync(folder, { recursive: true });
});

function withFilled(store: string, use: (keychains: Keychains) => void): Promise<void> {
  return withKeychains((keychains) => {
    const { home, addStandIn } = keychains;
    const template = templates.get(store);
    if (template !== undefined) fs.cpSync(template, home.folder, { recursive: true });
    for (const name of ['osxkeychain', 'wincred']) addStandIn(name);
    if (template === undefined) {
      fill(keychains, store);
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-filled-'));
      fs.cpSync(home.folder, folder, { recursive: true });
      templates.set(store, folder);
    }
    use(keychains);
  });
}

test('moves all secrets between stores and back', () =>
  withFilled('file', (keychains) => {
    for (const store of ['osxkeychain', 'wincred', 'file', 'file', 'osxkeychain']) {
      const said = keychains.say(`store move ${store}`);
      assert.match(
        said,
        new RegExp(`moved \\d+ secrets? to ${store === 'file' ? 'file store' : store}\n$`),
      );
      expectAll(keychains, `in ${store}`);
      expectOnlyIn(keychains, store);
    }
  }));

test('prints the number of secrets', () =>
  withFilled('file', ({ say }) => {
    assert.is(say('store move wincred'), 'moved 4 secrets to wincred\n');
    assert.is(say('store move wincred'), 'moved 0 secrets to wincred\n');
  }));

test('refuses a missing store, and moves nothing', () =>
  withFilled('file', (keychains) => {
    for (const name of ['no-such-one', 'icr', '../x', '']) {
      const { stderr, status } = keychains.call(`store move ${name}`);
      assert.is(status === 0, false, stderr);
      expectAll(keychains, `after ${name}`);
    }
    expectOnlyIn(keychains, 'file');
  }));

/** Wraps the stand-in, and runs `instead` for matching calls. */
function spoil({ folder, addScript }: Keychains, name: string, pattern: string, instead: string) {
  const real = path.join(folder, `docker-credential-${name}`);
  fs.renameSync(real, path.join(folder, `real-${name}`));
  addScript(
    name,
    `input=$(cat)
case "$1 $input" in ${pattern}) ${instead} ;; esac
printf '%s\\n' "$input" | '${folder}/real-${name}' "$@"`,
  );
}

const spoiled: readonly [what: string, pattern: string, instead: string, expected: RegExp][] = [
  ['refuses one', '"store "*german*', 'echo full; exit 1', /wincred failed: full\nhint: unlock it/],
  [
    'returns another secret',
    '"get "*/identity/de.icr.io*',
    `echo '{"Secret":"canary-wrong"}'; exit 0`,
    /wincred does not return the secret of de\.icr\.io that was just stored in it; nothing was moved\n$/,
  ],
  [
    'returns not found',
    '"get "*/identity/de.icr.io*',
    'echo credentials not found in native keychain; exit 1',
    /wincred does not return the secret of de\.icr\.io that was just stored in it; nothing was moved\n$/,
  ],
];
for (const [what, pattern, instead, expected] of spoiled) {
  test(`the new store ${what}: the old store remains in use`, () =>
    withFilled('osxkeychain', (keychains) => {
      spoil(keychains, 'wincred', pattern, instead);
      const { stderr, status } = keychains.call('store move wincred');
      assert.match(stderr, expected);
      assert.not.match(stderr, 'canary');
      assert.is(status, 1);
      expectAll(keychains, 'afterwards');
      assert.is(Object.keys(keychains.kept('osxkeychain')).length, answers.length);
    }));
}

// Responses of an old store that is locked or missing, but does not report a failure.
const silent: readonly [what: string, pattern: string, instead: string, expected: RegExp][] = [
  [
    'lists nothing',
    'list*',
    'echo "{}"; exit 0',
    /osxkeychain does not return the secret of default\nhint: unlock it and try again, or run docker-credential-icr logout --identity default\n$/,
  ],
  [
    'lists an entry but does not find it',
    '"get "*/host/registry*',
    'echo credentials not found in native keychain; exit 1',
    /osxkeychain does not return the secret of registry\.example:5000\nhint: unlock it and try again\n$/,
  ],
];
for (const [what, pattern, instead, expected] of silent) {
  test(`the old store ${what}: nothing is moved or erased`, () =>
    withFilled('osxkeychain', (keychains) => {
      spoil(keychains, 'osxkeychain', pattern, instead);
      const { stderr, status } = keychains.call('store move wincred');
      assert.match(stderr, expected);
      assert.is(status, 1);
      keychains.addStandIn('osxkeychain');
      expectAll(keychains, 'afterwards');
      assert.is(Object.keys(keychains.kept('osxkeychain')).length, answers.length);
    }));
}

test('the old store cannot be emptied: reports it, and empties it on retry', () =>
  withFilled('osxkeychain', (keychains) => {
    spoil(keychains, 'osxkeychain', '"erase "*german*|"erase "*/identity/d*', 'echo busy; exit 1');
    const { stderr, status } = keychains.call('store move wincred');
    assert.is(
      stderr,
      'docker-credential-icr: secrets are stored in wincred, but osxkeychain is not empty: osxkeychain failed: busy\nhint: unlock it if it is locked, then run docker-credential-icr store move wincred again\n',
    );
    assert.is(status, 1);
    expectAll(keychains, 'in the new one');
    keychains.addStandIn('osxkeychain');
    keychains.say('store move wincred');
    expectOnlyIn(keychains, 'wincred');
    expectAll(keychains, 'at the end');
  }));

// A client's call while secrets are copied, and the expected result.
const meanwhile: readonly [
  what: string,
  command: string,
  input: string,
  host: string,
  expected: string,
][] = [
  [
    'stores another credential',
    'store',
    credential('new.example', 'me'),
    'new.example',
    answer('new.example', 'me'),
  ],
  [
    'stores a newer credential',
    'store',
    credential(hub, 'me', 'canary-new'),
    hub,
    answer(hub, 'me', 'canary-new'),
  ],
  ['signs out', 'erase', hub, hub, 'credentials not found in native keychain\n'],
];
for (const [what, verb, input, host, expected] of meanwhile) {
  for (const from of ['file', 'osxkeychain']) {
    test(`a client that ${what} during a move from ${from}: its change is kept`, () =>
      withFilled(from, (keychains) => {
        const { folder } = keychains;
        fs.writeFileSync(path.join(folder, 'input'), `${input}\n`);
        // Runs at the last copy; the client does not inherit the variable that detects loops.
        const client = `env -u DOCKER_CREDENTIAL_ICR_CALLS '${executable}' ${verb} <${folder}/input`;
        const once = `[ -e ${folder}/done ] || { touch ${folder}/done; ${client}; }`;
        spoil(keychains, 'wincred', '"store "*/host/registry*', once);
        keychains.say('store move wincred');
        assert.ok(fs.existsSync(path.join(folder, 'done')));
        assert.is(keychains.call('get', host).stdout, expected);
        assert.equal(filesWith(keychains.home, 'canary'), []);
        assert.equal(keychains.kept('osxkeychain'), {});
      }));
  }
}

/** Requires that every host works, and that another move succeeds and leaves nothing in the other stores. */
function expectRecovery(keychains: Keychains, target: string, step: string): void {
  expectAll(keychains, step);
  keychains.say(`store move ${target}`);
  expectAll(keychains, `${step}, moved again`);
  expectOnlyIn(keychains, target);
}

const routes: readonly (readonly [from: string, to: string])[] = [
  ['file', 'osxkeychain'],
  ['osxkeychain', 'file'],
  ['osxkeychain', 'wincred'],
];
/** Tests every nth step, because each takes half a second. */
const stride = process.env.SOAK ? 1 : 7;
const strideOfChanges = process.env.SOAK ? 1 : 3;

for (const [index, [from, to]] of routes.entries()) {
  test(`recovers if killed before a keychain call, from ${from} to ${to}`, async () => {
    for (let call = 1 + index; ; call += stride) {
      let over = false;
      await withFilled(from, (keychains) => {
        keychains.calls();
        const file = path.join(keychains.folder, 'kill');
        fs.writeFileSync(file, String(call));
        over = keychains.call(`store move ${to}`).status === 0;
        fs.rmSync(file);
        expectRecovery(keychains, call % 2 === 0 ? to : from, `killed before call ${call}`);
      });
      if (over) return assert.ok(call > 10, `${call} calls`);
    }
  });

  test(`recovers if killed before each file change, from ${from} to ${to}`, async () => {
    for (let change = 1 + index; ; change += strideOfChanges) {
      let over = false;
      await withFilled(from, (keychains) => {
        over = moveKilled(keychains, change, to).status === 0;
        expectRecovery(keychains, change % 2 === 0 ? to : from, `killed before change ${change}`);
      });
      if (over) return assert.ok(change >= 3, `${change} changes`);
    }
  });
}

function moveKilled({ home, folder }: Keychains, change: number, to: string): Outcome {
  const env = { ...home.env, PATH: `${folder}:/usr/bin:/bin`, RACE_SIGNAL: 'SIGKILL' };
  const words = [String(change), 'store', 'move', to];
  return spawnSync(stoppedCommand(), words, { env, encoding: 'utf8' });
}

test.run();
