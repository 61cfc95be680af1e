import * as assert from 'uvu/assert';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { sandboxSuite } from '../sandbox/suite.ts';
import { startProxy } from '../support/connect-proxy.ts';
import type { Outcome } from '../support/helper.ts';
import { claimsOf } from '../support/jwt.ts';
import { addUserWithKey, fits } from './api-key-world.ts';
import { inCloud, type Person, refusal } from './identity-cloud.ts';

type Call = (words: string) => Promise<Outcome>;

/** Runs `use` with a user who has an API key and a proxy that connects IBM's hosts to the sandbox. */
async function atRegistry(
  sandbox: Sandbox,
  use: (call: Call, person: Person) => Promise<void>,
): Promise<void> {
  const proxy = await startProxy(Number(new URL(sandbox.registryUrl).port));
  try {
    await inCloud(sandbox, async (person) => {
      addUserWithKey(sandbox, person, 'jane');
      const call: Call = (words) =>
        person.start(`registry-token ${words}`, '', { HTTPS_PROXY: proxy.url }).outcome;
      await use(call, person);
    });
  } finally {
    proxy.close();
  }
}

const test = sandboxSuite('registry-token commands');

test('add, list, get and rm', ({ sandbox, askRegistry }) =>
  atRegistry(sandbox, async (call) => {
    const added = await call('add --description nightly --readwrite');
    const token = added.stdout.trim();
    const id = String(claimsOf(token).jti);
    const made = `created registry token ${id} at icr.io; registry tokens are deprecated\nhint: use docker-credential-icr api-key create instead`;
    assert.equal(added, {
      stdout: `${token}\n`,
      stderr: `docker-credential-icr: ${made}\n`,
      status: 0,
    });
    const basic = ['token', token] as const;
    assert.is((await askRegistry('/oauth/token?service=registry', { basic })).status, 200);
    assert.is(sandbox.requests.count({ path: '/api/v1/tokens', host: 'icr.io' }), 1);

    const other = await call('add --non-expiring --host de.icr.io');
    assert.is(claimsOf(other.stdout).exp, undefined);
    assert.is(sandbox.requests.count({ path: '/api/v1/tokens', host: 'de.icr.io' }), 1);
    const { stdout: listed } = await call('list');
    const lines = listed.split('\n').map((line) => line.trim().split(/ {2,}/));
    assert.equal(lines[0], ['ID', 'EXPIRES IN', 'ACCESS', 'DESCRIPTION']);
    assert.equal(lines[1]?.slice(0, 1), [id]);
    assert.match(String(lines[1]?.slice(1)), /^2[34] h,push,nightly$/);
    assert.equal(lines[2]?.slice(1), ['never', 'pull']);
    assert.ok(fits(listed), listed);

    const { registryTokens } = JSON.parse((await call('list --json')).stdout);
    const [first] = registryTokens;
    assert.equal(Object.keys(first).sort(), [
      'description',
      'expiresAt',
      'id',
      'owner',
      'readonly',
      'revoked',
    ]);
    assert.equal([first.id, first.readonly, first.description], [id, false, 'nightly']);
    assert.not.match(JSON.stringify(registryTokens), /eyJ/);
    assert.equal(await call(`get ${id}`), { stdout: `${token}\n`, stderr: '', status: 0 });

    const hint = `use --yes to remove registry token ${id} at icr.io`;
    const refused = refusal('cannot ask for confirmation without a terminal', hint);
    assert.equal(await call(`rm ${id}`), refused);
    const removed = `removed registry token ${id} at icr.io\n`;
    assert.equal(await call(`rm ${id} --yes`), { stdout: removed, stderr: '', status: 0 });
    const gone = await call(`get ${id}`);
    assert.match(gone.stderr, /icr\.io refused identity jane registry token \S+ \(CRG0012E: /);
    assert.is(gone.status, 1);
  }));

test('sends requests to IBM hosts only, and does not retry after a lost response', ({ sandbox }) =>
  atRegistry(sandbox, async (call) => {
    const evil = await call('list --host icr.io.evil.example');
    assert.match(evil.stderr, /is not a host of IBM Cloud Container Registry/);
    sandbox.faults.add('registry', { kind: 'cut-off', path: '/api/v1/tokens' });
    assert.is((await call('add')).status, 1);
    assert.is(sandbox.requests.count({ method: 'POST', path: '/api/v1/tokens' }), 1);
  }));

test.run();

const ended = sandboxSuite('registry-token commands after IBM removed the API', {
  registryTokens: false,
});

ended('reports the refusal with an alternative', ({ sandbox }) =>
  atRegistry(sandbox, async (call) => {
    const reason = 'CRG0000E: Registry tokens are discontinued.';
    const hint = 'use docker-credential-icr api-key create instead: registry tokens are deprecated';
    const line = `icr.io refused identity jane a new registry token (${reason})`;
    assert.equal(await call('add'), refusal(line, hint));
    sandbox.faults.add('registry', { kind: 'status', status: 404 });
    assert.match((await call('add')).stderr, new RegExp(hint));
    assert.equal(await call('list'), {
      stdout: 'no registry tokens at icr.io\n',
      stderr: '',
      status: 0,
    });
  }),
);

ended.run();
