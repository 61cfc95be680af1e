import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findCredential } from '../../src/identity/find.ts';
import { lookupIn } from '../../src/identity/lookup.ts';
import { endSignOut, signOut } from '../../src/identity/signed-out.ts';
import { fileStore } from '../../src/secrets/file-store.ts';
import { testContext } from '../support/context.ts';
import { type Home, inHome, writeConfig, writeIdentity } from '../support/home.ts';
import { hostOf } from '../support/host.ts';
import { startLoopbackIam } from '../support/loopback-iam.ts';

const test = suite('credential precedence');

/** Sources that can be configured together for a host; each returns its own name as the secret, except `this machine`. */
type Configured = 'own' | 'mapping' | 'stored' | 'ambient' | 'session' | 'this machine' | '<token>';

const rows: readonly [
  configured: readonly Configured[],
  signedIn: Configured | undefined,
  signedOut: Configured | undefined,
][] = [
  [[], undefined, undefined],
  [['own'], 'own', 'own'],
  [['mapping'], 'mapping', undefined],
  [['stored'], 'stored', 'stored'],
  [['ambient'], 'ambient', undefined],
  [['<token>'], '<token>', '<token>'],
  [['own', 'mapping', 'stored', 'ambient'], 'own', 'own'],
  [['mapping', 'stored', 'ambient'], 'mapping', 'stored'],
  [['stored', 'ambient'], 'stored', 'stored'],
  [['mapping', 'ambient'], 'mapping', undefined],
  [['own', '<token>'], 'own', 'own'],
  [['mapping', '<token>'], 'mapping', '<token>'],
  [['ambient', '<token>'], 'ambient', '<token>'],
  [['session'], 'session', undefined],
  [['this machine'], 'this machine', undefined],
  [['ambient', 'session', 'this machine'], 'ambient', undefined],
  [['session', 'this machine', '<token>'], 'session', '<token>'],
  [['this machine', '<token>'], 'this machine', '<token>'],
];

function configure(home: Home, configured: readonly Configured[]) {
  const env = {
    ...home.env,
    ...(configured.includes('own') ? { DOCKER_CREDENTIAL_ICR_API_KEY: 'own' } : {}),
    ...(configured.includes('ambient') ? { IBMCLOUD_API_KEY: 'ambient' } : {}),
  };
  if (configured.includes('mapping')) writeIdentity(home, 'mapping');
  if (configured.includes('session')) {
    const session = JSON.stringify({ IAMRefreshToken: 'session' });
    fs.mkdirSync(path.join(home.folder, '.bluemix'));
    fs.writeFileSync(path.join(home.folder, '.bluemix', 'config.json'), session);
    writeConfig(home, 'config.json', '{"ibmcloudSession":true}');
  }
  if (configured.includes('this machine')) {
    const ibmcloudSession = configured.includes('session');
    const settings = { ibmcloudSession, computeProfile: 'Profile-1' };
    writeConfig(home, 'config.json', JSON.stringify(settings));
  }
  const context = testContext({ env });
  for (const user of ['stored', '<token>'] as const) {
    if (!configured.includes(user)) continue;
    const credential = { ServerURL: 'us.icr.io', Username: user, Secret: user };
    fileStore(context).write({ of: 'host', name: 'us.icr.io' }, credential);
  }
  return context;
}

for (const [configured, signedIn, signedOut] of rows) {
  test(`${configured.join(', ') || 'nothing'}: ${signedIn}; signed out: ${signedOut}`, () =>
    inHome(async (home) => {
      const context = configure(home, configured);
      const secret = async (host: string) => {
        const found = await findCredential(lookupIn(context), hostOf(host));
        return found?.location === 'this machine' ? 'this machine' : found?.secret();
      };
      assert.is(await secret('us.icr.io'), signedIn);
      assert.is(await secret('registry.example'), undefined);
      signOut(context, 'us.icr.io');
      signOut(context, 'us.icr.io');
      assert.is(await secret('us.icr.io'), signedOut);
      assert.is(await secret('us.icr.io/ns/image'), signedOut);
      endSignOut(context, 'us.icr.io');
      endSignOut(context, 'us.icr.io');
      assert.is(await secret('us.icr.io'), signedIn);
    }));
}

test('logout from one host: other hosts stay signed in', () =>
  inHome(async (home) => {
    const context = configure(home, ['mapping']);
    signOut(context, 'us.icr.io');
    for (const host of ['icr.io', 'de.icr.io', 'private.us.icr.io']) {
      const found = await findCredential(lookupIn(context), hostOf(host));
      assert.is(await found?.secret(), 'mapping');
    }
  }));

/** Settings in which identity work is mapped to all hosts, and identity cp is an entitlement key. */
function writeIdentities(home: Home): void {
  const identities = {
    work: { kind: 'api-key', since: 0 },
    cp: { kind: 'entitlement-key', since: 0 },
  };
  const mappings = { '*': { identity: 'work' } };
  writeConfig(home, 'config.json', JSON.stringify({ identities, mappings }));
  for (const name of ['work', 'cp']) {
    const credential = { ServerURL: name, Username: 'u', Secret: `canary-${name}` };
    writeConfig(home, `identities/${name}.json`, JSON.stringify(credential));
  }
}

for (const [host, identity, secret] of [
  ['us.icr.io', 'work', 'canary-work'],
  ['us.icr.io/ns/image', 'work', 'canary-work'],
  ['cp.icr.io', 'cp', 'canary-cp'],
  ['registry.example', 'work', undefined],
] as const) {
  test(`docker-credential-icr-${identity} for ${host}: ${secret ?? 'no credential'}`, () =>
    inHome(async (home) => {
      writeIdentities(home);
      const env = { ...home.env, DOCKER_CREDENTIAL_ICR_API_KEY: 'canary-own' };
      const context = testContext({ env, identity });
      for (const name of ['us.icr.io', 'registry.example']) {
        const credential = { ServerURL: name, Username: 'me', Secret: 'canary-stored' };
        fileStore(context).write({ of: 'host', name }, credential);
      }
      const found = () => findCredential(lookupIn(context), hostOf(host));
      assert.is(await (await found())?.secret(), secret);
      signOut(context, hostOf(host).name);
      assert.is(await found(), undefined, 'signed out');
    }));
}

test('cp.icr.io: the entitlement key of docker login has precedence over the mapping of *', () =>
  inHome(async (home) => {
    writeIdentities(home);
    const context = testContext({ env: home.env });
    for (const name of ['cp.icr.io', 'us.icr.io']) {
      const credential = { ServerURL: name, Username: 'cp', Secret: 'canary-stored' };
      fileStore(context).write({ of: 'host', name }, credential);
    }
    const secret = async (host: string) =>
      (await findCredential(lookupIn(context), hostOf(host)))?.secret();
    assert.is(await secret('cp.icr.io'), 'canary-stored');
    assert.is(await secret('us.icr.io'), 'canary-work');
  }));

for (const [variable, profile] of [
  [undefined, 'Profile-1'],
  [' ', 'Profile-1'],
  [' Profile-2 ', 'Profile-2'],
] as const) {
  test(`the compute identity is ${profile} if IBMCLOUD_CR_PROFILE is ${JSON.stringify(variable)}`, async () => {
    const iam = await startLoopbackIam();
    try {
      await inHome(async (home) => {
        const settings = { computeProfile: 'Profile-1', iamEndpoint: iam.endpoint };
        writeConfig(home, 'config.json', JSON.stringify(settings));
        const more = { IBMCLOUD_CR_TOKEN: 'canary', IBMCLOUD_CR_PROFILE: variable };
        const context = testContext({ env: { ...home.env, ...more } });
        const found = await findCredential(lookupIn(context), hostOf('us.icr.io'));
        assert.is(await found?.secret(), 'canary-1');
        assert.is(iam.forms[0]?.get('profile_id'), profile);
      });
    } finally {
      iam.close();
    }
  });
}

test.run();
