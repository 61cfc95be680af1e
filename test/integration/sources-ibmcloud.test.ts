import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { sandboxSuite } from '../sandbox/suite.ts';
import { notFound, type Outcome, refused } from '../support/helper.ts';
import type { Home } from '../support/home.ts';
import { unsignedJwt } from '../support/jwt.ts';
import { changeSettings, forEach, inCloud, requireLowPrecedence } from './identity-cloud.ts';

const test = sandboxSuite('ibmcloud CLI session');

const refresh = 'canary-refresh-token';

/** Returns an access token that expires in `seconds`. */
function accessToken(seconds: number): string {
  const exp = Math.floor(Date.now() / 1000) + seconds;
  return unsignedJwt({ sub: 'jane', exp });
}

const fresh = accessToken(3000);
const short = accessToken(300);
const old = accessToken(-60);

/** Returns the content of the CLI's file, including unrelated members. */
function session(members: Record<string, unknown>): string {
  const others = { Region: 'us-south', IAMEndpoint: 'https://iam.cloud.ibm.com', Locale: '' };
  return JSON.stringify({ APIEndpoint: '', ...others, ...members }, null, '\t');
}

/** Writes the file like the CLI one hour ago, and enables the source. */
function prepare(home: Home, text: string | undefined, name = '.bluemix/config.json'): string {
  changeSettings(home, (settings) => ({ ...settings, ibmcloudSession: true }));
  const file = path.join(home.folder, name);
  if (text === undefined) return file;
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text, { mode: 0o644 });
  const hourAgo = new Date(Date.now() - 3_600_000);
  fs.utimesSync(file, hourAgo, hourAgo);
  return file;
}

function answer(Username: string, Secret: string): Outcome {
  const found = { ServerURL: 'us.icr.io', Username, Secret };
  return { stdout: `${JSON.stringify(found)}\n`, stderr: '', status: 0 };
}

type Expected = Outcome | ((file: string) => Outcome);
const unreadable = (file: string) =>
  refused(
    `us.icr.io: the ibmcloud session in ${file} cannot be read; run ibmcloud login, or try again if that is running now`,
  );
const ended = (file: string) =>
  refused(`us.icr.io: the ibmcloud session in ${file} has expired; run ibmcloud login`);

const whole = session({ IAMToken: `Bearer ${fresh}`, IAMRefreshToken: refresh });
const rows: readonly [name: string, text: string | undefined, expected: Expected][] = [
  ['a fresh access token', whole, answer('iambearer', fresh)],
  [
    'an access token with ten minutes left is too old for a long pull',
    session({ IAMToken: `Bearer ${short}`, IAMRefreshToken: refresh }),
    answer('iamrefresh', refresh),
  ],
  [
    'an expired access token',
    session({ IAMToken: `Bearer ${old}`, IAMRefreshToken: refresh }),
    answer('iamrefresh', refresh),
  ],
  ['no access token', session({ IAMRefreshToken: refresh }), answer('iamrefresh', refresh)],
  [
    'an invalid access token',
    session({ IAMToken: 'Bearer canary', IAMRefreshToken: refresh }),
    answer('iamrefresh', refresh),
  ],
  [
    'a session of a compute resource, without a refresh token',
    session({ IAMToken: `Bearer ${short}`, IAMRefreshToken: '', IsLoggedInAsCRI: true }),
    answer('iambearer', short),
  ],
  ['an expired session', session({ IAMToken: `Bearer ${old}`, IAMRefreshToken: '' }), ended],
  ['logged out', session({ IAMToken: '', IAMRefreshToken: '' }), notFound],
  ['never logged in', session({}), notFound],
  ['no file', undefined, notFound],
  ['half written', whole.slice(0, whole.length / 2), unreadable],
  ['an empty file', '', unreadable],
  ['not an object', '[]', unreadable],
  ['null', 'null', unreadable],
  ['of other types', session({ IAMToken: { canary: 1 }, IAMRefreshToken: refresh }), unreadable],
];

test('reads every state of the session file without changing bytes, mode or time', ({ sandbox }) =>
  forEach(rows, ([name, text, expected]) =>
    inCloud(sandbox, async ({ home, call }) => {
      const file = prepare(home, text);
      const before = text === undefined ? undefined : fs.statSync(file);
      const outcome = await call('get', 'us.icr.io');
      assert.equal(outcome, typeof expected === 'function' ? expected(file) : expected, name);
      await call('status');
      await call('store', outcome.stdout);
      if (before === undefined) assert.not.ok(fs.existsSync(file));
      else {
        const after = fs.statSync(file);
        assert.is(fs.readFileSync(file, 'utf8'), text);
        assert.equal(
          [after.mode, after.mtimeMs, after.ino],
          [before.mode, before.mtimeMs, before.ino],
        );
        assert.equal(fs.readdirSync(path.dirname(file)), ['config.json']);
      }
      assert.not.ok(fs.existsSync(path.join(home.config, 'hosts')), 'an echo is not kept');
    }),
  ));

/** Variables with directories of the home, and the directory that is used. */
const places: readonly [
  env: Record<string, string>,
  folders: readonly string[],
  answers: string,
][] = [
  [{}, ['.ibmcloud', '.bluemix'], '.ibmcloud'],
  [{}, ['.bluemix'], '.bluemix'],
  [{ IBMCLOUD_HOME: 'a' }, ['a/.bluemix', '.ibmcloud'], 'a/.bluemix'],
  [{ IBMCLOUD_HOME: 'a' }, ['a/.ibmcloud', 'a/.bluemix'], 'a/.ibmcloud'],
  [{ BLUEMIX_HOME: 'b' }, ['b/.bluemix', '.bluemix'], 'b/.bluemix'],
  [{ IBMCLOUD_HOME: 'a', BLUEMIX_HOME: 'b' }, ['a/.bluemix', 'b/.bluemix'], 'a/.bluemix'],
  [{ IBMCLOUD_CONFIG_HOME: 'c', IBMCLOUD_HOME: 'a' }, ['c', 'a/.ibmcloud', '.bluemix'], 'c'],
];

test('finds the session file in every location', ({ sandbox }) =>
  forEach(places, ([env, folders, answers]) =>
    inCloud(sandbox, async ({ home, get }) => {
      for (const folder of folders) {
        prepare(home, session({ IAMRefreshToken: `canary-${folder}` }), `${folder}/config.json`);
      }
      const named = Object.entries(env).map(([name, folder]) => [
        name,
        path.join(home.folder, folder),
      ]);
      const { secret } = await get('us.icr.io', Object.fromEntries(named));
      assert.is(secret, `canary-${answers}`);
    }),
  ));

test('is off by default; when enabled, status shows it', ({ sandbox }) =>
  inCloud(sandbox, async ({ home, say, get, call }) => {
    prepare(home, whole);
    fs.rmSync(path.join(home.config, 'config.json'));
    assert.equal(await call('get', 'us.icr.io'), notFound);
    assert.match(await say('settings'), /^ibmcloud-session: off /m);
    await say('settings ibmcloud-session on');
    assert.is((await get('us.icr.io')).secret, fresh);
    assert.match(await say('settings'), /^ibmcloud-session: on /m);
    const status = await say('status');
    assert.match(status, /^us\.icr\.io +ok +- +iambearer +ibmcloud session +(49|50) min$/m);
    assert.is((await say('token')).trim(), fresh);
    await say('settings ibmcloud-session off');
    assert.equal(await call('get', 'us.icr.io'), notFound);
  }));

test('mapping, docker login and environment take precedence; not used after logout', ({
  sandbox,
}) =>
  inCloud(sandbox, async (person) => {
    prepare(person.home, whole);
    await requireLowPrecedence(person);
    assert.is((await person.get('jp.icr.io')).secret, fresh);
    const token = await person.call('token jp.icr.io --refresh');
    assert.match(
      token.stderr,
      'cannot get a new access token with the credential in ibmcloud session',
    );
  }));

test('an unreadable file is an error, without a fallback', ({ sandbox }) =>
  inCloud(sandbox, async ({ home, call }) => {
    const file = prepare(home, undefined);
    fs.mkdirSync(file, { recursive: true });
    assert.equal(
      await call('get', 'us.icr.io'),
      refused(
        `us.icr.io: cannot read the ibmcloud session in ${file} (EISDIR); check the owner and mode of that file, or run ibmcloud login`,
      ),
    );
  }));

test.run();
