import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { lookupIn } from '../../src/identity/lookup.ts';
import {
  endNamedSignOuts,
  endSignOut,
  isSignedOut,
  signedOutHosts,
  signOut,
} from '../../src/identity/signed-out.ts';
import { testContext } from '../support/context.ts';
import { inHome } from '../support/home.ts';
import { fails } from '../support/rejects.ts';

const test = suite('sign-out marks');

test('a host that was signed out is found, other hosts are not', () =>
  inHome(({ env }) => {
    const context = testContext({ env });
    assert.is(isSignedOut(context, 'us.icr.io'), false);
    assert.is(signedOutHosts(context).size, 0);
    signOut(context, 'us.icr.io');
    assert.is(isSignedOut(context, 'us.icr.io'), true);
    assert.is(isSignedOut(context, 'de.icr.io'), false);
    assert.equal([...signedOutHosts(context)], ['us.icr.io']);
    const nowhere = testContext();
    assert.is(isSignedOut(nowhere, 'us.icr.io'), false);
    assert.is(signedOutHosts(nowhere).size, 0);
    fails(() => signOut(nowhere, 'us.icr.io'), 'misconfigured');
  }));

test('docker-credential-icr and each docker-credential-icr-NAME have marks of their own', () =>
  inHome(async ({ env }) => {
    const plain = testContext({ env });
    const named = (identity: string) => testContext({ env, identity });
    signOut(plain, 'us.icr.io');
    signOut(named('work'), 'de.icr.io');
    signOut(named('ci'), 'jp.icr.io');
    assert.equal([...signedOutHosts(plain)], ['us.icr.io']);
    assert.equal([...signedOutHosts(named('work'))], ['de.icr.io']);
    assert.equal([...signedOutHosts(named('none'))], []);
    assert.is(isSignedOut(named('work'), 'us.icr.io'), false);
    assert.is(await lookupIn(named('work')).isSignedOut('de.icr.io'), true);
    assert.is(await lookupIn(plain).isSignedOut('de.icr.io'), false);
    endSignOut(named('work'), 'us.icr.io');
    assert.is(isSignedOut(plain, 'us.icr.io'), true);
  }));

test('a login of identities ends their marks for all hosts, and no others', () =>
  inHome(({ env }) => {
    const plain = testContext({ env });
    const named = (identity: string) => testContext({ env, identity });
    signOut(plain, 'us.icr.io');
    for (const identity of ['work', 'ci', 'other']) {
      for (const host of ['us.icr.io', 'de.icr.io']) signOut(named(identity), host);
    }
    endNamedSignOuts(plain, ['work', 'ci']);
    assert.equal([...signedOutHosts(named('work')), ...signedOutHosts(named('ci'))], []);
    assert.equal([...signedOutHosts(named('other'))].sort(), ['de.icr.io', 'us.icr.io']);
    assert.equal([...signedOutHosts(plain)], ['us.icr.io']);
  }));

test.run();
