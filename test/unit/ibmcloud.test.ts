import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Context } from '../../src/context.ts';
import { computeIdentity } from '../../src/identity/compute.ts';
import { foundInSession } from '../../src/identity/ibmcloud.ts';
import { lookupIn } from '../../src/identity/lookup.ts';
import { noon, testContext } from '../support/context.ts';
import { type Home, inHome } from '../support/home.ts';
import { unsignedJwt } from '../support/jwt.ts';
import { fails } from '../support/rejects.ts';
import { systemError, withFs } from '../support/replaced-fs.ts';

const test = suite('opt-in credential sources');

function writeSession(
  { folder }: Pick<Home, 'folder'>,
  name: string,
  token = `canary-${name}`,
): void {
  fs.mkdirSync(path.join(folder, name), { recursive: true });
  const text = JSON.stringify({ IAMRefreshToken: token });
  fs.writeFileSync(path.join(folder, name, 'config.json'), text);
}

/** Calls `use` with a context whose session file has this content, and with its path. */
function inSession(text: string, use: (context: Context, file: string) => void): Promise<void> {
  return inHome(({ folder }) => {
    const file = path.join(folder, '.bluemix', 'config.json');
    fs.mkdirSync(path.dirname(file));
    fs.writeFileSync(file, text);
    use(testContext({ platform: 'linux', env: { HOME: folder } }), file);
  });
}

const minute = 60;
const now = noon / 1000;
const until = (exp: unknown) => unsignedJwt({ exp });
const canary = 'canary-refresh';

const sessions: readonly (readonly [
  what: string,
  session: object,
  username: string | undefined,
  secret?: string,
  expiresAt?: number,
])[] = [
  ['no token', {}, undefined],
  ['empty tokens', { IAMToken: '', IAMRefreshToken: '' }, undefined],
  ['a refresh token only', { IAMRefreshToken: canary }, 'iamrefresh', canary],
  [
    'an access token for more than ten minutes',
    { IAMToken: `Bearer ${until(now + 10 * minute + 1)}`, IAMRefreshToken: canary },
    'iambearer',
    until(now + 10 * minute + 1),
    noon + 601_000,
  ],
  [
    'an access token for ten minutes',
    { IAMToken: `Bearer ${until(now + 10 * minute)}`, IAMRefreshToken: canary },
    'iamrefresh',
    canary,
  ],
  [
    'an access token without a refresh token',
    { IAMToken: `bearer ${until(now + 1)}` },
    'iambearer',
    until(now + 1),
    noon + 1000,
  ],
  [
    'an access token whose signature looks like a scheme',
    { IAMToken: `${until(now + 1)}Bearer x` },
    'iambearer',
    `${until(now + 1)}Bearer x`,
    noon + 1000,
  ],
  ...[undefined, 'x', 1e300].map(
    (exp) =>
      [
        `an access token that expires at ${exp}`,
        { IAMToken: until(exp), IAMRefreshToken: canary },
        'iamrefresh',
        canary,
      ] as const,
  ),
];
for (const [what, session, username, secret, expiresAt] of sessions) {
  test(`a session with ${what}: ${username ?? 'nothing'}`, () =>
    inSession(JSON.stringify(session), (context) => {
      const found = foundInSession(context);
      assert.equal([found?.username, found?.secret()], [username, secret]);
      assert.is(found?.expiresAt, expiresAt);
      if (found !== undefined) {
        assert.equal([found.isMinted, found.location], [true, 'ibmcloud session']);
      }
    }));
}

for (const text of ['', '[]', '{', '{"IAMToken":1}', '{"IAMToken":"x","IAMRefreshToken":1}']) {
  test(`a session with the content ${text} is an error`, () =>
    inSession(text, (context) =>
      fails(() => foundInSession(context), 'damaged', /cannot be read; run ibmcloud login/),
    ));
}

test('a session that has expired, or that cannot be opened, is an error with its path', () =>
  inSession(JSON.stringify({ IAMToken: until(now) }), (context, file) => {
    const reason = new RegExp(`${file} has expired; run ibmcloud login$`);
    fails(() => foundInSession(context), 'refused', reason);
    withFs({ openSync: () => systemError('EACCES') }, () =>
      fails(() => foundInSession(context), 'storage', new RegExp(`${file} \\(EACCES\\); check`)),
    );
    for (const code of ['ENOENT', 'ENOTDIR']) {
      withFs({ openSync: () => systemError(code) }, () =>
        assert.is(foundInSession(context), undefined),
      );
    }
  }));

test('a session has at most 16 MiB', () => {
  const text = JSON.stringify({ IAMRefreshToken: canary }).padEnd(16 * 1024 * 1024);
  return inSession(text, (context, file) => {
    assert.is(foundInSession(context)?.secret(), canary);
    fs.appendFileSync(file, ' ');
    fails(() => foundInSession(context), 'damaged');
  });
});

test('variables of the CLI select the directory of its session, in this order', () =>
  inHome(({ folder }) => {
    const folderOf = (name: string) => path.join(folder, name);
    const set: Record<string, string> = {};
    for (const name of ['HOME', 'BLUEMIX_HOME', 'IBMCLOUD_HOME']) {
      writeSession({ folder: folderOf(name) }, '.ibmcloud', name);
      set[name] = folderOf(name);
      const env = { IBMCLOUD_CONFIG_HOME: '', IBMCLOUD_HOME: '', BLUEMIX_HOME: '', ...set };
      assert.is(foundInSession(testContext({ platform: 'linux', env }))?.secret(), name);
    }
    writeSession({ folder }, 'CONFIG_HOME', 'direct');
    const env = { ...set, IBMCLOUD_CONFIG_HOME: folderOf('CONFIG_HOME') };
    assert.is(foundInSession(testContext({ platform: 'linux', env }))?.secret(), 'direct');
  }));

test('reads the session from the platform’s home directory', () =>
  inHome((home) => {
    writeSession(home, '.bluemix');
    const secretIn = (given: Partial<Context>) => foundInSession(testContext(given))?.secret();
    const { folder } = home;
    assert.is(secretIn({ platform: 'linux', env: { HOME: folder } }), 'canary-.bluemix');
    assert.is(secretIn({ platform: 'win32', env: { USERPROFILE: folder } }), 'canary-.bluemix');
    assert.is(secretIn({ platform: 'win32', env: { HOME: folder } }), undefined);
    assert.is(secretIn({ platform: 'linux', env: {} }), undefined, 'no home at all');
    writeSession(home, '.ibmcloud');
    assert.is(secretIn({ platform: 'linux', env: { HOME: folder } }), 'canary-.ibmcloud');
  }));

test('does not read a session from the current directory', () =>
  inHome((home) => {
    writeSession(home, '.bluemix');
    const before = process.cwd();
    process.chdir(home.folder);
    try {
      for (const name of ['HOME', 'IBMCLOUD_HOME', 'BLUEMIX_HOME', 'IBMCLOUD_CONFIG_HOME']) {
        const value = name === 'IBMCLOUD_CONFIG_HOME' ? '.bluemix' : '.';
        const given = testContext({ platform: 'linux', env: { [name]: value } });
        assert.is(foundInSession(given), undefined, name);
      }
    } finally {
      process.chdir(before);
    }
  }));

test('does not block if the session is not a regular file', () =>
  inHome(({ folder }) => {
    fs.mkdirSync(path.join(folder, '.bluemix'));
    const file = path.join(folder, '.bluemix', 'config.json');
    const given = testContext({ platform: 'linux', env: { HOME: folder } });
    const makers = [() => execFileSync('mkfifo', [file]), () => fs.symlinkSync('/dev/zero', file)];
    for (const make of makers) {
      make();
      fails(() => foundInSession(given), 'damaged', /the ibmcloud session in .* cannot be read/);
      fs.rmSync(file, { recursive: true });
    }
  }));

test('sends no request to the metadata service before the secret is needed', () => {
  const found = computeIdentity(lookupIn(testContext()), 'Profile-1');
  assert.equal(
    [found.username, found.isMinted, found.location, found.identity],
    ['iambearer', true, 'this machine', undefined],
  );
});

test.run();
