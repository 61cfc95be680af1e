import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findCredential } from '../../src/identity/find.ts';
import { lookupIn } from '../../src/identity/lookup.ts';
import { endSignOut, signOut } from '../../src/identity/signed-out.ts';
import { fileStore } from '../../src/secrets/file-store.ts';
import { testContext } from '../support/context.ts';
import { type Home, inHome, writeIdentity } from '../support/home.ts';
import { hostOf } from '../support/host.ts';

const test = suite('which source answers');

/** What can be configured for a host at once; each answers with its own name as the secret. */
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
    inHome((home) => {
      const context = configure(home, configured);
      const secret = (host: string) => findCredential(lookupIn(context), hostOf(host))?.secret();
      assert.is(secret('us.icr.io'), signedIn);
      assert.is(secret('registry.example'), undefined);
      signOut(context, 'us.icr.io');
      signOut(context, 'us.icr.io');
      assert.is(secret('us.icr.io'), signedOut);
      assert.is(secret('us.icr.io/ns/image'), signedOut);
      endSignOut(context, 'us.icr.io');
      endSignOut(context, 'us.icr.io');
      assert.is(secret('us.icr.io'), signedIn);
    }));
}

test('who signs out of one host stays signed in to the others', () =>
  inHome((home) => {
    const context = configure(home, ['mapping']);
    signOut(context, 'us.icr.io');
    for (const host of ['icr.io', 'de.icr.io', 'private.us.icr.io']) {
      assert.is(findCredential(lookupIn(context), hostOf(host))?.secret(), 'mapping');
    }
  }));

test('each thing is read once, whoever asks for it', () =>
  inHome((home) => {
    const context = configure(home, ['mapping']);
    let reads = 0;
    const store = fileStore(context);
    const counting = {
      ...store,
      read: (key: Parameters<typeof store.read>[0]) => {
        reads += 1;
        return store.read(key);
      },
    };
    const lookup = lookupIn(context, counting);
    for (const host of ['us.icr.io', 'de.icr.io', 'us.icr.io'])
      findCredential(lookup, hostOf(host));
    assert.is(reads, 1);
    assert.is(lookup.settings(), lookup.settings());
  }));

test.run();
