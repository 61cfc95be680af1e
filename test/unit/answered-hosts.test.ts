import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Context } from '../../src/context.ts';
import { HelperError } from '../../src/errors.ts';
import { nodeFiles } from '../../src/files/file-readers.ts';
import { answeredHosts } from '../../src/identity/hosts.ts';
import { signOut } from '../../src/identity/signed-out.ts';
import { publicHosts } from '../../src/registry/regions.ts';
import { fileStore } from '../../src/secrets/file-store.ts';
import { type TestContext, testContext } from '../support/context.ts';
import { type Home, inHome, writeConfig } from '../support/home.ts';

const test = suite('the hosts that have a credential');

const identities = { work: { kind: 'api-key', since: 0 } };
const secretOfWork = JSON.stringify({ ServerURL: '*', Username: 'iamapikey', Secret: 'canary' });

function writeSettings(home: Home, settings: object): void {
  writeConfig(home, 'config.json', JSON.stringify(settings));
  writeConfig(home, 'identities/work.json', secretOfWork);
}

function store(context: TestContext, name: string, ServerURL = name): void {
  const credential = { ServerURL, Username: 'me', Secret: 'canary' };
  fileStore(context).write({ of: 'host', name }, credential);
}

async function names(
  context: Context,
  options?: { readonly namespaces?: boolean },
): Promise<string[]> {
  return (await answeredHosts(context, options)).map(({ serverURL }) => serverURL);
}

test('none without a credential', () =>
  inHome(async ({ env }) => assert.equal(await names(testContext({ env })), [])));

test('are stored and mapped hosts, in the order of names', () =>
  inHome(async (home) => {
    const work = { identity: 'work' };
    const mappings = { 'zz.icr.io': work, 'us.icr.io/b': work, 'us.icr.io/a': work };
    writeSettings(home, { identities, mappings });
    const context = testContext({ env: home.env });
    store(context, 'quay.example');
    store(context, 'de.icr.io');
    assert.equal(await names(context), ['de.icr.io', 'quay.example', 'zz.icr.io']);
    const all = ['de.icr.io', 'quay.example', 'us.icr.io/a', 'us.icr.io/b', 'zz.icr.io'];
    assert.equal(await names(context, { namespaces: true }), all);
    const [first] = await answeredHosts(context);
    assert.is(first?.host.name, 'de.icr.io');
    assert.ok(first !== undefined && !(first.found instanceof HelperError));
    assert.is(first.found.username, 'me');
  }));

test('are all public hosts if * is mapped, except hosts that were signed out', () =>
  inHome(async (home) => {
    writeSettings(home, { identities, mappings: { '*': { identity: 'work' } } });
    const context = testContext({ env: home.env });
    assert.equal(await names(context), [...publicHosts].sort());
    signOut(context, 'us.icr.io');
    assert.equal(await names(context), publicHosts.filter((host) => host !== 'us.icr.io').sort());
  }));

test('for a program name with an entitlement key: only the host that accepts it; else all', () =>
  inHome(async (home) => {
    const mappings = { '*': { identity: 'work' } };
    const cp = { kind: 'entitlement-key', since: 0 };
    writeSettings(home, { identities: { ...identities, cp }, mappings });
    writeConfig(home, 'identities/cp.json', secretOfWork);
    assert.equal(await names(testContext({ env: home.env, identity: 'cp' })), ['cp.icr.io']);
    const asWork = await names(testContext({ env: home.env, identity: 'work' }));
    assert.equal(asWork, [...publicHosts].sort());
  }));

test('have the spelling that was stored, unless that is of another host or of IBM', () =>
  inHome(async ({ env }) => {
    const context = testContext({ env });
    store(context, 'index.docker.io/v1', 'https://index.docker.io/v1/');
    store(context, 'b.example', 'https://a.example');
    store(context, 'c.example', 'not a host');
    store(context, 'us.icr.io', 'https://us.icr.io/');
    const stored = await names(context);
    assert.equal(stored.slice(0, 2), ['b.example', 'c.example']);
    assert.is(stored.at(-1), 'us.icr.io');
    assert.ok(stored.length === 3 || stored.includes('https://index.docker.io/v1/'));
  }));

test('keep the spelling of another registry', () =>
  inHome(async ({ env }) => {
    const context = testContext({ env });
    store(context, 'quay.example', 'https://quay.example/');
    assert.equal(await names(context), ['https://quay.example/']);
  }));

test('leave out a stored name that is not a host', () =>
  inHome(async ({ env }) => {
    const context = testContext({ env });
    store(context, 'quay.example');
    store(context, 'not a host');
    assert.equal(await names(context), ['quay.example']);
  }));

test('come with the error of a host that is configured and fails', () =>
  inHome(async (home) => {
    writeSettings(home, { identities: {}, mappings: { 'us.icr.io': { identity: 'gone' } } });
    const answers = await answeredHosts(testContext({ env: home.env }));
    assert.equal(
      answers.map(({ serverURL }) => serverURL),
      ['us.icr.io'],
    );
    const [{ found } = { found: undefined }] = answers;
    assert.ok(found instanceof HelperError && found.code === 'misconfigured');
  }));

test('come with an error each if the settings are damaged', () =>
  inHome(async (home) => {
    writeConfig(home, 'config.json', '{');
    for (const identity of [undefined, 'work']) {
      const answers = await answeredHosts(testContext({ env: home.env, identity }));
      assert.is(answers.length, publicHosts.length);
      for (const { found } of answers) {
        assert.ok(found instanceof HelperError && found.code === 'damaged');
      }
    }
  }));

function inKeychain(
  runSync: (home: Home) => Context['runSync'],
  use: (context: TestContext) => Promise<void>,
): Promise<void> {
  return inHome(async (home) => {
    const settings = { identities: {}, mappings: {}, store: 'vault' };
    writeConfig(home, 'config.json', JSON.stringify(settings));
    fs.writeFileSync(path.join(home.folder, 'docker-credential-vault'), '', { mode: 0o755 });
    const env = { ...home.env, PATH: home.folder, IBMCLOUD_API_KEY: 'canary' };
    await use(testContext({ env, runSync: runSync(home) }));
  });
}

test('warn of a keychain that cannot list, and include hosts from elsewhere', () =>
  inKeychain(
    () => () => ({ status: 1, output: 'locked', errors: '' }),
    async (context) => {
      assert.ok((await answeredHosts(context)).length > 0);
      assert.ok(context.warnings.some((line) => line.includes('vault')));
    },
  ));

async function errorOf(context: Context): Promise<string> {
  try {
    await answeredHosts(context);
    return 'none';
  } catch (error) {
    return String(error);
  }
}

function bug(): never {
  throw new TypeError('a bug');
}

test('let a bug in the secret store be a bug', () =>
  inKeychain(
    () =>
      (_program, [verb]) => {
        if (verb === 'list') return bug();
        return { status: 1, output: 'credentials not found in native keychain', errors: '' };
      },
    async (context) => assert.is(await errorOf(context), 'TypeError: a bug'),
  ));

test('let a bug in a source be a bug', () =>
  inKeychain(
    () =>
      (_program, [verb]) => {
        if (verb === 'list') return { status: 0, output: '{}', errors: '' };
        return bug();
      },
    async (context) => {
      const env = { ...context.env, IBMCLOUD_API_KEY: undefined };
      assert.is(await errorOf({ ...context, env }), 'TypeError: a bug');
    },
  ));

test('a bug while the settings are read is thrown', () =>
  inHome(async ({ env }) => {
    const files = { ...nodeFiles, read: () => Promise.reject(new TypeError('a bug')) };
    for (const options of [{}, { names: [] }]) {
      const hosts = answeredHosts(testContext({ env, files }), options);
      assert.is(await hosts.catch(String), 'TypeError: a bug');
    }
  }));

test.run();
