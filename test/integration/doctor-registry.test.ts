import * as assert from 'uvu/assert';
import { parseChallenge, requireRealm } from '../../src/registry/challenge.ts';
import { publicHosts } from '../../src/registry/regions.ts';
import { snapshot, writeConfig, writeIdentity } from '../support/home.ts';
import { fails } from '../support/rejects.ts';
import {
  apiKey,
  doctorSuite,
  expectFixed,
  findingIn,
  type Machine,
  onMachine,
} from './doctor-world.ts';

const test = doctorSuite('doctor: the registry');

const registry = ['--registry', 'us.icr.io'];

function storeLogin({ home }: Machine, Username: string, Secret: string): void {
  const credential = { ServerURL: 'us.icr.io', Username, Secret };
  writeIdentity(home, apiKey, { 'de.icr.io': { identity: 'work' } });
  writeConfig(home, 'hosts/us.icr.io.json', JSON.stringify(credential));
}

test('logs in to every host with a credential, like Docker', (given) =>
  onMachine(given, async (machine) => {
    const { requests } = machine.sandbox;
    const { checks } = await machine.doctor('--registry');
    const asked = checks.filter(({ name }) => name.startsWith('registry '));
    assert.is(asked.length, publicHosts.length);
    for (const { state, message } of asked) {
      assert.is(state, 'ok', message);
      assert.is(message, 'accepts iamapikey of identity work');
    }
    const paths = requests.log.filter(({ host }) => host === 'jp2.icr.io');
    assert.equal(
      paths.map(({ method, path, userName, status }) => [method, path, userName, status]),
      [
        ['GET', '/v2/', undefined, 401],
        ['GET', '/oauth/token', 'iamapikey', 200],
        ['GET', '/v2/', undefined, 200],
      ],
    );
  }));

test('only the given hosts', (given) =>
  onMachine(given, async ({ doctor }) => {
    const { checks } = await doctor('--registry', 'us.icr.io', 'https://de.icr.io/');
    const asked = checks.filter(({ name }) => name.startsWith('registry '));
    assert.equal(
      asked.map(({ name }) => name),
      ['registry us.icr.io', 'registry de.icr.io'],
    );
  }));

test('without --registry: sends no request to a registry', (given) =>
  onMachine(given, async ({ doctor, sandbox }) => {
    const message = /^iamapikey of identity work$/;
    assert.ok(findingIn(await doctor('us.icr.io'), { check: 'us.icr.io', state: 'ok', message }));
    assert.is(sandbox.requests.count({ host: 'us.icr.io' }), 0);
  }));

test('an image points to explain', (given) =>
  onMachine(given, async ({ doctor }) => {
    const { checks } = await doctor('us.icr.io/team/app:1');
    const found = checks.find(({ name }) => name === 'image us.icr.io/team/app');
    assert.is(found?.state, 'skipped');
    assert.is(found?.hint, 'run docker-credential-icr explain us.icr.io/team/app:1');
  }));

test('a namespace that is mapped to an identity', (given) =>
  onMachine(given, async ({ home, sandbox, doctor }) => {
    const mappings = { 'us.icr.io/team': { identity: 'work', present: 'iambearer' } };
    writeIdentity(home, apiKey, mappings);
    const message = /^accepts iambearer of identity work$/;
    const report = await doctor('--registry');
    assert.ok(findingIn(report, { check: 'registry us.icr.io/team', state: 'ok', message }));
    assert.is(sandbox.requests.count({ host: 'us.icr.io', userName: 'iambearer' }), 1);
  }));

test('sends an identity token like Docker', (given) =>
  onMachine(given, async (machine) => {
    const { askRegistry } = given;
    const query = 'service=registry&offline_token=true&client_id=docker&account=iamapikey';
    const basic = `Basic ${btoa(`iamapikey:${apiKey}`)}`;
    const reply = await askRegistry(`/oauth/token?${query}`, { headers: { authorization: basic } });
    const { refresh_token: token } = JSON.parse(reply.text);
    machine.sandbox.requests.reset();
    storeLogin(machine, '<token>', token);
    const message = /^accepts <token> from /;
    const report = await machine.doctor(...registry);
    assert.ok(findingIn(report, { check: 'registry us.icr.io', state: 'ok', message }));
    const like = { method: 'POST', path: '/oauth/token', grant: 'refresh_token' };
    assert.is(machine.sandbox.requests.count(like), 1);
  }));

test('requests an access token from IAM and does not cache it', (given) =>
  onMachine(given, async (machine) => {
    writeIdentity(machine.home, apiKey, { '*': { identity: 'work', present: 'iambearer' } });
    const before = snapshot(machine.home.folder);
    const message = /^accepts iambearer of identity work$/;
    const report = await machine.doctor(...registry);
    assert.ok(findingIn(report, { check: 'registry us.icr.io', state: 'ok', message }));
    assert.equal(snapshot(machine.home.folder), before);
  }));

const refusals: readonly (readonly [what: string, (machine: Machine) => void, RegExp])[] = [
  [
    'an unknown key',
    (machine) => storeLogin(machine, 'iamapikey', 'canary-unknown'),
    /^the registry refused user name iamapikey \(UNAUTHORIZED: .*\): the key or token is deleted/,
  ],
  [
    'an unknown user name',
    (machine) => storeLogin(machine, 'jane', 'canary'),
    /^the registry refused user name jane \(UNSUPPORTED: .*\): the registry does not accept this user name$/,
  ],
  [
    'an unknown identity token',
    (machine) => storeLogin(machine, '<token>', 'canary'),
    /^the registry refused user name <token> \(UNAUTHORIZED/,
  ],
  [
    'no credential',
    ({ home }) => writeIdentity(home, apiKey, { 'de.icr.io': { identity: 'work' } }),
    /^not logged in$/,
  ],
  [
    'a signed-out host with a mapping',
    ({ home }) => void writeConfig(home, 'signed-out/us.icr.io', ''),
    /^signed out$/,
  ],
];

for (const [what, create, message] of refusals) {
  test(what, (given) =>
    onMachine(given, async (machine) => {
      create(machine);
      const expected = { check: 'registry us.icr.io', state: 'error', message } as const;
      await expectFixed(machine, expected, { words: registry });
    }),
  );
}

const faults = [
  [{ kind: 'status', status: 503 }, /^the registry at us\.icr\.io answered 503 \(SANDBOX/],
  [
    { kind: 'status', status: 404 },
    /^us\.icr\.io answered 404 to \/v2\/ without an authentication challenge/,
  ],
  [{ kind: 'status', status: 200 }, /^accepts iamapikey/],
  [{ kind: 'not-json', path: '/oauth/token' }, /answered 200 with something that is not a JSON/],
  [{ kind: 'no-access-token', path: '/oauth/token' }, /^us\.icr\.io answered without a token$/],
  [{ kind: 'drop' }, /^cannot reach the registry at us\.icr\.io: the connection was dropped/],
] as const;

for (const [fault, message] of faults) {
  test(`a registry with the fault ${JSON.stringify(fault)}`, (given) =>
    onMachine(given, async ({ doctor, sandbox }) => {
      sandbox.faults.add('registry', { ...fault, times: 'forever' });
      const { checks } = await doctor(...registry);
      const found = checks.find(({ name }) => name === 'registry us.icr.io');
      assert.match(String(found?.message), message);
    }));
}

test('a registry that does not answer: times out', (given) =>
  onMachine(given, async ({ doctor, sandbox }) => {
    sandbox.faults.add('registry', { kind: 'hang', times: 'forever' });
    const { checks } = await doctor(...registry);
    const found = checks.find(({ name }) => name === 'registry us.icr.io');
    assert.match(String(found?.message), /did not answer in time/);
    assert.is(found?.state, 'error');
  }));

const challenges: readonly (readonly [header: string | undefined, parsed: unknown])[] = [
  [undefined, undefined],
  ['', undefined],
  ['Negotiate', undefined],
  ['Bearer service="registry"', undefined],
  ['Basic realm="x"', { scheme: 'basic' }],
  [
    'Bearer realm=https://cp.icr.io/oauth/token, service=registry, scope=repository:ns/img:pull',
    {
      scheme: 'bearer',
      realm: 'https://cp.icr.io/oauth/token',
      service: 'registry',
      scope: 'repository:ns/img:pull',
    },
  ],
  [
    'bearer REALM="https://us.icr.io/oauth/token",service="a \\"b\\", c=d",scope="r:a:pull,push"',
    {
      scheme: 'bearer',
      realm: 'https://us.icr.io/oauth/token',
      service: 'a "b", c=d',
      scope: 'r:a:pull,push',
    },
  ],
  [
    'Bearer realm=https://us.icr.io/oauth/token,scope=repository:a:pull,push,service=registry',
    {
      scheme: 'bearer',
      realm: 'https://us.icr.io/oauth/token',
      service: 'registry',
      scope: 'repository:a:pull,push',
    },
  ],
];

for (const [header, parsed] of challenges) {
  test(`the challenge ${header}`, () => {
    assert.equal(parseChallenge(header), parsed);
  });
}

test('sends the credential only to IBM, or to the host that asks', () => {
  for (const realm of ['https://us.icr.io/oauth/token', 'https://cp.icr.io/oauth/token?a=b']) {
    assert.is(requireRealm(realm, 'us.icr.io').href, realm);
  }
  const elsewhere = [
    'http://us.icr.io/token',
    'https://evil.example/icr.io',
    'https://a@us.icr.io',
    '',
  ];
  for (const realm of elsewhere) fails(() => requireRealm(realm, 'us.icr.io'), 'refused', /^us\./);
});

test.run();
