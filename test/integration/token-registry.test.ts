import { randomUUID } from 'node:crypto';
import * as assert from 'uvu/assert';
import { sandboxSuite } from '../sandbox/suite.ts';
import { claimsOf, unsignedJwt } from '../support/jwt.ts';
import { addIdentity, forEach, inCloud, newKey } from './identity-cloud.ts';

const test = sandboxSuite('registry token expiry');

const minute = 60;
const day = 24 * 60 * minute;

/** A JWT like the registry's; times are in seconds from now. */
function registryToken(claims: { readonly iat?: number; readonly exp?: number }): string {
  const now = Math.floor(Date.now() / 1000);
  const times = Object.entries(claims).map(([name, seconds]) => [name, now + seconds] as const);
  const payload = {
    jti: randomUUID(),
    iss: 'registry.ng.bluemix.net',
    ...Object.fromEntries(times),
  };
  return unsignedJwt(payload);
}

const rows: readonly [name: string, token: string, word: RegExp | undefined][] = [
  ['young', registryToken({ iat: -minute, exp: day }), undefined],
  ['middle-aged', registryToken({ iat: -20 * 60 * minute, exp: 4 * 60 * minute }), undefined],
  ['near its expiry', registryToken({ iat: -day, exp: 60 * minute }), / expires at /],
  ['expired', registryToken({ iat: -2 * day, exp: -day }), / expired at /],
  ['without an issue time, near its expiry', registryToken({ exp: minute }), / expires at /],
  ['without an issue time, far from its expiry', registryToken({ exp: day }), undefined],
  ['without an issue time, expired', registryToken({ exp: -minute }), / expired at /],
  ['permanent', registryToken({ iat: -365 * day }), undefined],
  ['not a JWT', newKey(), undefined],
];

test('warns about a token near or past its expiry, and returns it', ({ sandbox }) =>
  forEach(rows, ([name, token, word]) =>
    inCloud(sandbox, async (person) => {
      addIdentity(person, 'old', { kind: 'registry-token' }, token);
      await person.say('map * old');
      const { username, secret, warnings } = await person.get('us.icr.io');
      assert.equal([username, secret], ['token', token], name);
      if (word === undefined) assert.is(warnings, '', name);
      else {
        assert.match(warnings, word, name);
        assert.match(warnings, 'run docker-credential-icr login --identity old with an API key\n');
        assert.is(warnings.split('\n').length, 3, 'a line and its hint');
      }
      // The other verbs return no secret; a warning per host would print two dozen lines.
      await person.say('list');
      await person.say('status');
    }),
  ));

test('login: reads the expiry, and status shows it', ({ sandbox }) =>
  inCloud(sandbox, async ({ say }) => {
    const login = 'login de.icr.io --identity old --registry-token-stdin --no-verify';
    const token = registryToken({ iat: -day, exp: 3 * 60 * minute });
    const { jti, exp } = claimsOf(token);
    const end = new Date(Number(exp) * 1000).toISOString();
    const owner = `registry token ${jti}, expires ${end}`;
    assert.match(
      await say(login, token),
      `Logged in as ${owner} with identity old; used for de.icr.io\n`,
    );
    const { hosts } = JSON.parse(await say('status --json'));
    assert.equal([hosts.length, hosts[0].endsAt, hosts[0].presentedAs], [1, end, 'token']);
    assert.match(await say('status'), / 1[78]\d min\n| 2 h\n/);
  }));

test('does not treat other tokens as a JWT', ({ sandbox }) =>
  inCloud(sandbox, async ({ call }) => {
    const outcome = await call('login --registry-token-stdin --no-verify', newKey());
    const stderr = 'docker-credential-icr: the token is not a JWT\n';
    assert.equal(outcome, { stdout: '', stderr, status: 1 });
  }));

test.run();
