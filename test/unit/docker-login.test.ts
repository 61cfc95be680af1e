import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Files } from '../../src/context.ts';
import { nodeFiles } from '../../src/files/file-readers.ts';
import { findCredential } from '../../src/identity/find.ts';
import { lookupIn } from '../../src/identity/lookup.ts';
import { endSignOut, signOut } from '../../src/identity/signed-out.ts';
import { fileStore } from '../../src/secrets/file-store.ts';
import { testContext } from '../support/context.ts';
import { type Home, inHome, writeIdentity } from '../support/home.ts';
import { hostOf } from '../support/host.ts';

const test = suite('credential precedence');

/** Sources that can be configured together for a host; each returns its own name as the secret. */
type Configured = 'own' | 'mapping' | 'stored' | 'ambient' | '<token>';

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
];

function configure(home: Home, configured: readonly Configured[]) {
  const env = {
    ...home.env,
    ...(configured.includes('own') ? { DOCKER_CREDENTIAL_ICR_API_KEY: 'own' } : {}),
    ...(configured.includes('ambient') ? { IBMCLOUD_API_KEY: 'ambient' } : {}),
  };
  if (configured.includes('mapping')) writeIdentity(home, 'mapping');
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
      const secret = async (host: string) =>
        (await findCredential(lookupIn(context), hostOf(host)))?.secret();
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

test('list: reads each file once for all hosts', () =>
  inHome(async (home) => {
    const reads: string[] = [];
    const files: Files = {
      ...nodeFiles,
      read: (context, file, kind) => {
        reads.push(file);
        return nodeFiles.read(context, file, kind);
      },
    };
    const lookup = lookupIn({ ...configure(home, ['mapping']), files });
    for (const host of ['us.icr.io', 'de.icr.io', 'us.icr.io']) {
      await findCredential(lookup, hostOf(host));
    }
    assert.is(reads.filter((file) => file.endsWith('work.json')).length, 1);
    assert.is(reads.filter((file) => file.endsWith('config.json')).length, 1);
  }));

test.run();
