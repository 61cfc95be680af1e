import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Outcome, run, said } from '../e2e/clients/run.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';
import { startProxy } from '../support/connect-proxy.ts';

const script = path.resolve(import.meta.dirname, '../../scripts/demo.ts');
const apiKey = 'canary-0123456789-0123456789-0123456789-abcd';
const test = suite<{ folder: string; sandbox: Sandbox }>('demo');

test.before(async (context) => {
  context.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'demo-'));
  context.sandbox = await startSandbox({ folder: path.join(context.folder, 'cloud') });
  context.sandbox.accounts.addApiKey({ value: apiKey });
});
test.after(async ({ folder, sandbox }) => {
  await sandbox.close();
  fs.rmSync(folder, { recursive: true });
});
test.before.each(({ folder }) => {
  for (const name of ['home', 'tmp']) {
    fs.rmSync(path.join(folder, name), { recursive: true, force: true });
    fs.mkdirSync(path.join(folder, name));
  }
});
function assertNothingLeft(folder: string): void {
  for (const name of ['home', 'tmp']) {
    assert.equal(fs.readdirSync(path.join(folder, name)), [], `left behind in ${name}`);
  }
}

function environment(folder: string, more: Readonly<Record<string, string>>) {
  return {
    PATH: process.env.PATH ?? '',
    HOME: path.join(folder, 'home'),
    TMPDIR: path.join(folder, 'tmp'),
    // Set like in the Makefile, because Bun's default cache is in the home directory.
    BUN_RUNTIME_TRANSPILER_CACHE_PATH: '0',
    ...more,
  };
}

async function demo(
  folder: string,
  words: readonly string[] = [],
  more: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const env = environment(folder, more);
  const outcome = await run([process.execPath, script, ...words], { env, cwd: folder });
  assert.not.match(said(outcome), apiKey);
  assertNothingLeft(folder);
  return outcome;
}

/** Runs the real mode with the sandbox instead of IBM Cloud. */
async function demoThroughProxy(
  { folder, sandbox }: { folder: string; sandbox: Sandbox },
  words: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<Outcome & { asked: readonly string[] }> {
  const proxy = await startProxy(Number(new URL(sandbox.registryUrl).port));
  try {
    const trust = { HTTPS_PROXY: proxy.url, NODE_EXTRA_CA_CERTS: sandbox.caFile };
    const outcome = await demo(folder, words, { IBMCLOUD_API_KEY: apiKey, ...trust, ...more });
    return { ...outcome, asked: proxy.asked };
  } finally {
    proxy.close();
  }
}

const digest = /\n {3}sha256:[0-9a-f]{64}\n/;

test('simulator: signs in and fetches a manifest', async ({ folder }) => {
  // The user's own configuration must not be used instead of the demo's.
  const own = { IBMCLOUD_API_KEY: apiKey, DOCKER_CREDENTIAL_ICR_API_KEY: apiKey, HOST: 'a.test' };
  const { code, stdout, stderr } = await demo(folder, [], own);
  assert.is(code, 0, stderr);
  assert.is(stderr, '');
  assert.match(stdout, 'Logged in as service ID demo (');
  assert.match(stdout, /"Username":"iamapikey","Secret":"\*{8}.{4}"/);
  assert.match(stdout, digest);
  const secrets = stdout.match(/[\w-]{44,}/g)?.filter((word) => !/^[0-9a-f]{64}$/.test(word));
  assert.equal(secrets ?? [], []);
});

test('IBM Cloud mode: fetches an image', async (context) => {
  const words = ['--host=de.icr.io', '--image=demo/hello:1'];
  const { code, stdout, stderr, asked } = await demoThroughProxy(context, words);
  assert.is(code, 0, stderr);
  assert.match(stdout, digest);
  assert.equal([...new Set(asked)], ['iam.cloud.ibm.com:443', 'de.icr.io:443']);
});

test('IBM Cloud mode: signs in without an image', async (context) => {
  const { code, stdout, stderr } = await demoThroughProxy(context, ['--host=us.icr.io']);
  assert.is(code, 0, stderr);
  assert.match(stdout, 'GET https://us.icr.io/v2/ with it: 200, logged in');
});

test('does not change the user’s keychain', async (context) => {
  const programs = path.join(context.folder, 'programs');
  const called = path.join(context.folder, 'called');
  fs.mkdirSync(programs);
  for (const name of [
    'dbus-send',
    'docker-credential-secretservice',
    'docker-credential-osxkeychain',
  ]) {
    const file = path.join(programs, name);
    fs.writeFileSync(file, `#!/bin/sh\necho {}; echo "$0" >>'${called}'\n`, { mode: 0o755 });
  }
  const env = {
    DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere',
    PATH: `${programs}:${process.env.PATH}`,
  };
  const { code, stderr } = await demoThroughProxy(context, ['--host=us.icr.io'], env);
  assert.is(code, 0, stderr);
  assert.not.ok(fs.existsSync(called), 'a keychain was called');
});

test('a missing image: prints one line', async (context) => {
  const words = ['--host=us.icr.io', '--image=demo/other:1'];
  const { code, stderr } = await demoThroughProxy(context, words);
  assert.is(code, 1);
  assert.match(
    stderr,
    /^demo: https:\/\/us\.icr\.io\/v2\/demo\/other\/manifests\/1 answered 404: .*\n$/,
  );
});

test('an unknown API key: prints the error and its hint', async (context) => {
  const env = { IBMCLOUD_API_KEY: `${apiKey.slice(0, -4)}nope` };
  const { code, stderr } = await demoThroughProxy(context, ['--host=us.icr.io'], env);
  assert.is(code, 1);
  assert.match(stderr, /^demo: docker-credential-icr: .*BXNIM0415E.*\nhint: .*\n$/);
});

test('no network: prints the error and its hint', async ({ folder }) => {
  // Port 9 is "discard", on which no process listens.
  const env = { IBMCLOUD_API_KEY: apiKey, HTTPS_PROXY: 'http://127.0.0.1:9' };
  const { code, stderr } = await demo(folder, ['--host=us.icr.io'], env);
  assert.is(code, 1);
  assert.match(stderr, /^demo: docker-credential-icr: cannot reach IAM .*\nhint: .*\n$/);
});

const refusals: readonly [words: string[], line: RegExp][] = [
  [['--host=us.icr.io'], /^demo: IBMCLOUD_API_KEY is not set; .*\n$/],
  [['--host=icr.io.evil.example'], /^demo: icr\.io\.evil\.example is not a host of IBM.*\n$/],
  [['--host='], /^demo: invalid host: .*\n$/],
  [['--image=demo/hello:1'], /^demo: IMAGE requires HOST.*\n$/],
  [['--host=us.icr.io', '--image=hello'], /^demo: invalid IMAGE; .*\n$/],
];

for (const [words, line] of refusals) {
  test(`refuses ${words.join(' ')}`, async ({ folder }) => {
    const { code, stderr } = await demo(folder, words);
    assert.is(code, 1);
    assert.match(stderr, line);
  });
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} while the helper waits for IAM: cleans up`, async ({ folder }) => {
    const proxy = await startProxy();
    const env = environment(folder, { IBMCLOUD_API_KEY: apiKey, HTTPS_PROXY: proxy.url });
    const child = spawn(process.execPath, [script, '--host=us.icr.io'], { env, stdio: 'ignore' });
    while (proxy.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    child.kill(signal);
    const [code] = await once(child, 'exit');
    assert.is(code, 128 + os.constants.signals[signal]);
    proxy.close();
    assertNothingLeft(folder);
  });
}

test.run();
