import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { IdentityKind, Settings } from '../../src/config/settings.ts';
import { type Lookup, mappingKeyFor } from '../../src/identity/lookup.ts';
import { fromMapping, fromProgramName, identityNamed } from '../../src/identity/mapping.ts';
import type { RegistryHost } from '../../src/registry/parse.ts';
import { testContext } from '../support/context.ts';
import { hostOf } from '../support/host.ts';
import { rejects } from '../support/rejects.ts';

const test = suite('host mapping');

const mappings = {
  '*': { identity: 'every' },
  'us.icr.io': { identity: 'us' },
  'us.icr.io/ns': { identity: 'ns' },
  'de.icr.io/ns': { identity: 'de-ns' },
};

function identityFor(table: Settings['mappings'], host: RegistryHost): string | undefined {
  const key = mappingKeyFor({ identities: {}, mappings: table }, host);
  return key === undefined ? undefined : table[key]?.identity;
}

const rows: readonly [serverURL: string, identity: string][] = [
  ['us.icr.io/ns/image', 'ns'],
  ['https://us.icr.io/v2/ns/image', 'ns'],
  ['us.icr.io/ns', 'ns'],
  ['us.icr.io/NS', 'us'],
  ['us.icr.io/ns2/image', 'us'],
  ['us.icr.io/n', 'us'],
  ['us.icr.io', 'us'],
  ['us.icr.io:443/v2/', 'us'],
  ['de.icr.io/ns/image', 'de-ns'],
  ['de.icr.io', 'every'],
  ['de.icr.io/other', 'every'],
  ['private.us.icr.io/ns', 'every'],
];

for (const [serverURL, identity] of rows) {
  test(`${serverURL} uses identity ${identity}`, () =>
    assert.is(identityFor(mappings, hostOf(serverURL)), identity));
}

test('without *: other hosts have no identity', () => {
  const { '*': _, ...named } = mappings;
  const settings = { identities: {}, mappings: named };
  for (const host of ['de.icr.io', 'constructor', '__proto__', 'tostring']) {
    assert.is(mappingKeyFor(settings, hostOf(host)), undefined);
  }
});

function lookupOf(settings: Settings, secrets: Readonly<Record<string, string>>): Lookup {
  return {
    context: testContext(),
    settings: async () => settings,
    store: async () => 'file',
    stored: async ({ of, name }) => {
      const Secret = of === 'identity' ? secrets[name] : undefined;
      return Secret === undefined ? undefined : { ServerURL: name, Username: 'u', Secret };
    },
    isSignedOut: async () => false,
  };
}

const presented: readonly [IdentityKind, present: string | undefined, username: string][] = [
  ['api-key', undefined, 'iamapikey'],
  ['api-key', 'iambearer', 'iambearer'],
  ['refresh-token', undefined, 'iamrefresh'],
  ['entitlement-key', undefined, 'cp'],
  ['registry-token', undefined, 'token'],
  ['trusted-profile', undefined, 'iambearer'],
];

for (const [kind, present, username] of presented) {
  test(`${kind} presented as ${present ?? 'usual'}: ${username}`, async () => {
    const identities = { work: { kind, secretSetAt: 0, profile: 'Profile-1' } };
    if (kind === 'api-key') Object.assign(identities.work, { profile: undefined });
    const mapping = present === undefined ? { identity: 'work' } : { identity: 'work', present };
    const lookup = lookupOf({ identities, mappings: { '*': mapping } }, { work: 'canary' });
    const found = await fromMapping(lookup, hostOf('us.icr.io'));
    assert.is(found?.username, username);
    assert.is(found?.identity, 'work');
  });
}

test('an unsupported user name is an error whose hint lists the supported ones', async () => {
  const identities = { work: { kind: 'entitlement-key', secretSetAt: 0 } } as const;
  const settings = { identities, mappings: { '*': { identity: 'work', present: 'iamapikey' } } };
  const lookup = lookupOf(settings, { work: 'canary' });
  const pattern = /^identity work cannot be presented as iamapikey; use --present cp$/;
  await rejects(fromMapping(lookup, hostOf('us.icr.io')), 'misconfigured', pattern);
});

test('reports a missing identity and a missing secret', async () => {
  const host = hostOf('us.icr.io');
  const settings = { identities: {}, mappings: { '*': { identity: 'toString' } } };
  await rejects(
    fromMapping(lookupOf(settings, {}), host),
    'misconfigured',
    /^the mapping uses identity toString, which does not exist; .*login --identity toString$/,
  );
  const identities = { work: { kind: 'api-key', secretSetAt: 0 } } as const;
  const known = { identities, mappings: { '*': { identity: 'work' } } };
  await rejects(fromMapping(lookupOf(known, {}), host), 'damaged', /login --identity work$/);
});

test('a mapping that this version cannot use is an error with its key', async () => {
  const settings = { identities: {}, mappings: { '*': { written: 5 } } };
  await rejects(
    fromMapping(lookupOf(settings, {}), hostOf('us.icr.io')),
    'misconfigured',
    /^the mapping of \* in config\.json is not valid; .* map '\*' IDENTITY$/,
  );
});

test('without a mapping for the host, there is no credential', async () => {
  const settings = { identities: {}, mappings: { undefined: { identity: 'gone' } } };
  assert.is(await fromMapping(lookupOf(settings, {}), hostOf('us.icr.io')), undefined);
});

for (const [identity, host, code, pattern] of [
  ['Work', 'us.icr.io', 'misconfigured', /^identity Work does not exist; use "icr-work"/],
  ['nobody', 'us.icr.io', 'misconfigured', /^identity nobody does not exist; .*--identity nobody$/],
  ['', 'us.icr.io', 'misconfigured', /has no valid identity/],
  ['cp', 'us.icr.io', 'invalid-input', /^entitlement keys cannot be used for us\.icr\.io/],
  ['odd', 'us.icr.io', 'misconfigured', /identity odd/],
] as const) {
  test(`docker-credential-icr-${identity} for ${host} fails: ${code}`, async () => {
    const identities = {
      work: { kind: 'api-key', secretSetAt: 0 },
      cp: { kind: 'entitlement-key', secretSetAt: 0 },
      odd: { written: 5 },
    } as const;
    const secrets = { work: 'canary', cp: 'canary', odd: 'canary' };
    const lookup = lookupOf({ identities, mappings: {} }, secrets);
    const named = { ...lookup, context: testContext({ identity }) };
    await rejects(fromProgramName(named, hostOf(host)), code, pattern);
  });
}

const hour = 60 * 60_000;

for (const [ofIdentity, ofMapping, minimum] of [
  [undefined, undefined, undefined],
  [hour, undefined, hour],
  [undefined, hour, hour],
  [hour, 2 * hour, 2 * hour],
  [hour, 0, undefined],
] as const) {
  test(`minimum lifetime: identity ${ofIdentity}, mapping ${ofMapping}: ${minimum}`, async () => {
    const work = { kind: 'api-key', secretSetAt: 0, present: 'iambearer' } as const;
    const identities = {
      work: ofIdentity === undefined ? work : { ...work, minLifetimeMs: ofIdentity },
    };
    const mapping = ofMapping === undefined ? {} : { minLifetimeMs: ofMapping };
    const mappings = { '*': { identity: 'work', ...mapping } };
    const lookup = lookupOf({ identities, mappings }, { work: 'canary' });
    const found = await fromMapping(lookup, hostOf('us.icr.io'));
    assert.is(found?.minted?.minLifetimeMs, minimum);
  });
}

test('an unknown identity is an error, which does not repeat a name that could be a key', async () => {
  const lookup = lookupOf({ identities: {}, mappings: {} }, {});
  const named = await rejects(identityNamed(lookup, 'work'), 'misconfigured');
  assert.is(named.message, 'identity work does not exist');
  assert.is(named.hint, 'run docker-credential-icr login --identity work');
  const key = `canary-${'k'.repeat(37)}`;
  const { message, hint } = await rejects(identityNamed(lookup, key), 'misconfigured');
  assert.is(message, 'unknown identity');
  assert.is(hint, 'run docker-credential-icr status to list the identities');
});

test.run();
