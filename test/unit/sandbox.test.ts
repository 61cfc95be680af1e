import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type AskOptions, ask } from '../sandbox/ask.ts';
import { listen } from '../sandbox/listen.ts';
import { demoImage } from '../sandbox/mini-registry.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';

const test = suite<{ folder: string; sandbox: Sandbox }>('sandbox');

test.before(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), 'sandbox-'));
  context.sandbox = await startSandbox({ folder: context.folder });
});

test.after(async ({ folder, sandbox }) => {
  await sandbox.close();
  await rm(folder, { recursive: true });
});

async function freePort(): Promise<number> {
  const { port, close } = await listen(() => {}, { address: '127.0.0.1', port: 0 });
  await close();
  return port;
}

const apiKeyGrant = 'urn:ibm:params:oauth:grant-type:apikey';

async function askIam(
  { iamUrl, caFile }: Sandbox,
  form: Record<string, string>,
  more: AskOptions = {},
) {
  return await ask(`${iamUrl}/identity/token`, { caFile, form, ...more });
}

test('returns an access token as long as IBM’s for an API key', async ({ sandbox }) => {
  const { value } = sandbox.accounts.addApiKey({ value: 'canary-key-of-a-user' });
  const reply = await askIam(sandbox, { grant_type: apiKeyGrant, apikey: value });
  assert.is(reply.status, 200);
  const { access_token, ...rest } = reply.value;
  assert.ok(typeof access_token === 'string');
  assert.ok(access_token.length > 1400 && access_token.length < 1800, String(access_token.length));
  assert.is(rest.refresh_token, 'not_supported');
  assert.is(rest.expires_in, 3600);
});

test('serves a manifest to a client', async ({ sandbox }) => {
  const { registryUrl, caFile, accounts } = sandbox;
  const { value } = accounts.addApiKey();
  const url = `${registryUrl}/v2/${demoImage.repository}/manifests/${demoImage.tag}`;
  const first = await ask(url, { caFile });
  assert.is(first.status, 401);
  const host = new URL(registryUrl).host;
  assert.is(
    first.headers['www-authenticate'],
    `Bearer realm=https://${host}/oauth/token, service=registry, scope=repository:demo/hello:pull`,
  );
  const token = await ask(
    `${registryUrl}/oauth/token?service=registry&scope=repository:demo/hello:pull`,
    { caFile, basic: ['iamapikey', value] },
  );
  assert.is(token.status, 200, token.text);
  const second = await ask(url, { caFile, bearer: String(token.value.token) });
  assert.is(second.status, 200, second.text);
  assert.is(second.value.schemaVersion, 2);
});

test('closes all listeners if a port is in use', async ({ folder, sandbox }) => {
  const registryPort = Number(new URL(sandbox.registryUrl).port);
  const iamPort = await freePort();
  const second = await startSandbox({ folder: join(folder, '2'), iamPort, registryPort }).catch(
    (error) => error,
  );
  assert.is(second.code, 'EADDRINUSE');
  const reply = await ask(`https://localhost:${iamPort}/`).catch((error) => error);
  assert.is(reply.code, 'ECONNREFUSED');
});

test.run();
