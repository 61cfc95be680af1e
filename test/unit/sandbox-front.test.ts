import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask } from '../sandbox/ask.ts';
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts';

const test = suite<{ folder: string; sandbox: Sandbox }>('sandbox: front');

/** Replaces docker-registry: sends its challenge, and echoes the request. */
const upstream = http.createServer((request, response) => {
  const seen = { url: request.url, headers: request.headers };
  if (request.url === '/v2/') {
    const challenge =
      'Bearer realm="https://configured/oauth/token",service="registry",scope="a:b:c"';
    response.writeHead(401, { 'www-authenticate': challenge }).end();
  } else if (request.method === 'PATCH') {
    // Responds after the first part of the body, so a front that buffers the body would block.
    request.once('data', (part: Buffer) => response.writeHead(202).end(part));
  } else {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(seen));
  }
});

test.before(async (context) => {
  await new Promise<void>((resolve) => {
    upstream.listen(0, '127.0.0.1', () => resolve());
  });
  const { port } = upstream.address() as AddressInfo;
  context.folder = await mkdtemp(join(tmpdir(), 'sandbox-'));
  // No process listens on port 1.
  const upstreams = { 'us.icr.io': port, 'ca.icr.io': 1 };
  context.sandbox = await startSandbox({ folder: context.folder, upstreams });
});

test.after(async ({ folder, sandbox }) => {
  await sandbox.close();
  upstream.closeAllConnections();
  upstream.close();
  await rm(folder, { recursive: true });
});

test('quotes the challenge and uses the requested host in its realm', async ({ sandbox }) => {
  const { registryUrl, caFile } = sandbox;
  const reply = await ask(`${registryUrl}/v2/`, { caFile, headers: { host: 'us.icr.io' } });
  assert.is(
    reply.headers['www-authenticate'],
    'Bearer realm="https://us.icr.io/oauth/token",service="registry",scope="a:b:c"',
  );
});

test('passes path, query, host and token unchanged', async ({ sandbox }) => {
  const { registryUrl, caFile } = sandbox;
  const url = `${registryUrl}/v2/ns/img/tags/list?n=1&last=%2F`;
  const reply = await ask(url, { caFile, bearer: 'canary', headers: { host: 'us.icr.io' } });
  const { headers, url: path } = JSON.parse(reply.text);
  assert.is(path, '/v2/ns/img/tags/list?n=1&last=%2F');
  assert.is(headers.host, 'us.icr.io');
  assert.is(headers.authorization, 'Bearer canary');
  assert.is(headers['x-forwarded-proto'], 'https');
});

test('streams a request body', async ({ sandbox }) => {
  const { registryUrl, caFile } = sandbox;
  const text = await new Promise((resolve, reject) => {
    const request = https.request(`${registryUrl}/v2/ns/img/blobs/uploads/1`, {
      method: 'PATCH',
      ca: readFileSync(caFile),
      agent: false,
      headers: { host: 'us.icr.io' },
    });
    request.on('error', reject);
    request.on('response', (response) => {
      response.once('data', (part: Buffer) => resolve(part.toString()));
    });
    request.write('the first part');
  });
  assert.is(text, 'the first part');
});

test('routes other hosts to the built-in registry, and IAM requests to IAM', async ({
  sandbox,
}) => {
  const { registryUrl, caFile, accounts } = sandbox;
  const small = await ask(`${registryUrl}/v2/`, { caFile, headers: { host: 'de.icr.io' } });
  assert.match(String(small.headers['www-authenticate']), 'realm=https://de.icr.io/oauth/token,');
  const iam = await ask(`${registryUrl}/identity/token`, {
    caFile,
    headers: { host: 'iam.cloud.ibm.com' },
    form: {
      grant_type: 'urn:ibm:params:oauth:grant-type:apikey',
      apikey: accounts.addApiKey().value,
    },
  });
  assert.is(iam.status, 200);
});

test('closes the connection if the registry is unavailable', async ({ sandbox }) => {
  const { registryUrl, caFile } = sandbox;
  const headers = { host: 'ca.icr.io' };
  const failure = await ask(`${registryUrl}/v2/`, { caFile, headers }).catch((error) => error);
  assert.instance(failure, Error);
});

test.run();
