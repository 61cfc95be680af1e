import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ask } from '../sandbox/ask.ts';
import { type SandboxProcess, spawnSandbox } from '../sandbox/spawn.ts';

const test = suite<{ folder: string; sandbox: SandboxProcess }>('sandbox as a process');

test.before(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), 'sandbox-'));
  context.sandbox = await spawnSandbox({ folder: context.folder });
});

test.after(async ({ folder, sandbox }) => {
  await sandbox.close();
  await rm(folder, { recursive: true });
});

test.before.each(async ({ sandbox }) => {
  await sandbox.requests.reset();
});

const apiKeyGrant = 'urn:ibm:params:oauth:grant-type:apikey';

test('another process can read keys and counts, and add faults', async ({ sandbox }) => {
  const { iamUrl, caFile } = sandbox;
  const key = await sandbox.accounts.addApiKey({ value: 'canary-of-a-process' });
  await sandbox.faults.add('iam', { kind: 'status', status: 429, retryAfter: 2 });
  const form = { grant_type: apiKeyGrant, apikey: key.value };
  const first = await ask(`${iamUrl}/identity/token`, { caFile, form });
  assert.is(first.status, 429);
  assert.is(first.headers['retry-after'], '2');
  assert.is((await ask(`${iamUrl}/identity/token`, { caFile, form })).status, 200);
  assert.is(await sandbox.requests.count({ service: 'iam', grant: 'apikey' }), 2);
  const log = await sandbox.requests.log();
  assert.equal(
    log.map(({ status }) => status),
    [429, 200],
  );
  assert.not.match(JSON.stringify(log), 'canary');
});

test('advances its clock on request', async ({ sandbox }) => {
  const { iamUrl, caFile, accounts } = sandbox;
  const expiresAt = new Date(Date.now() + 60_000).toISOString();
  const { value } = await accounts.addApiKey({ expiresAt });
  const form = { grant_type: apiKeyGrant, apikey: value };
  assert.is((await ask(`${iamUrl}/identity/token`, { caFile, form })).status, 200);
  await sandbox.advanceClock(61_000);
  assert.is((await ask(`${iamUrl}/identity/token`, { caFile, form })).status, 400);
});

test('rejects unknown requests', async ({ sandbox }) => {
  const reply = await ask(`${sandbox.adminUrl}/accounts/nothing`, { json: {} });
  assert.is(reply.status, 404);
  const refused = await sandbox.accounts.addRefreshToken({ owner: 'nobody' }).catch(String);
  assert.match(String(refused), 'no such owner');
});

test.run();
