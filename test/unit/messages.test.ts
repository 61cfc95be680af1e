import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HelperError, notFound, protocolErrors, systemCode } from '../../src/errors.ts';
import { cannot } from '../../src/files/storage-error.ts';
import { get } from '../../src/protocol/get.ts';
import { serve } from '../../src/protocol/serve.ts';
import { testContext } from '../support/context.ts';
import { type Home, inHome, writeConfig, writeIdentity } from '../support/home.ts';

const test = suite('error messages');

test('protocol errors have Docker’s exact texts', () =>
  assert.equal(Object.values(protocolErrors), [
    'credentials not found in native keychain',
    'no credentials server URL',
    'no credentials username',
    'credential helper loop',
  ]));

test('not found: the reason is in the cause only', () => {
  const error = notFound('because');
  assert.equal(
    [error.code, error.message, error.cause],
    ['not-found', protocolErrors.notFound, 'because'],
  );
});

test('returns the system error code', () => {
  assert.is(systemCode(Object.assign(new Error(), { code: 'ENOENT' })), 'ENOENT');
  for (const other of [
    new Error(),
    undefined,
    'ENOENT',
    { code: 'ENOENT' },
    Object.assign(new Error(), { code: 5 }),
  ]) {
    assert.is(systemCode(other), undefined);
  }
});

test('a system error has its code, and a hint if known', () => {
  const refused = (code: string) => cannot('write', '/x', Object.assign(new Error(), { code }));
  assert.is(refused('ENOSPC').message, 'cannot write /x (ENOSPC)');
  assert.match(refused('ENOSPC').hint ?? '', /^free space /);
  assert.match(refused('EROFS').hint ?? '', /^make its file system writable/);
  assert.is(refused('EIO').message, 'cannot write /x (EIO)');
  assert.is(refused('EIO').hint, undefined);
});

/** Configurations that make us.icr.io fail. */
const faults: readonly [name: string, setUp: (home: Home) => object | undefined][] = [
  ['damaged settings', (home) => void writeConfig(home, 'config.json', '{"canary')],
  [
    'a damaged credential',
    (home) => void writeConfig(home, 'hosts/us.icr.io.json', '{"Secret":"canary"'),
  ],
  [
    'a directory instead of a credential',
    (home) => void writeConfig(home, 'hosts/us.icr.io.json/x', ''),
  ],
  ['a directory instead of the settings', (home) => void writeConfig(home, 'config.json/x', '')],
  ['a missing identity', (home) => void writeIdentity(home, 'canary', { '*': { identity: 'no' } })],
  [
    'an identity without its secret',
    (home) => {
      writeIdentity(home);
      fs.rmSync(path.join(home.config, 'identities'), { recursive: true });
    },
  ],
  [
    'a damaged identity',
    (home) => {
      writeIdentity(home);
      writeConfig(home, 'identities/work.json', 'canary');
    },
  ],
  ['a missing key file', () => ({ IBMCLOUD_API_KEY: '@/no/such/file' })],
  ['a key of two lines', () => ({ IC_API_KEY: 'canary\ncanary' })],
  [
    'a key of two lines in this program’s variable',
    () => ({ DOCKER_CREDENTIAL_ICR_API_KEY: 'canary\ncanary' }),
  ],
];

for (const [name, setUp] of faults) {
  test(`${name}: prints one short line with the host, a hint and no secret`, () =>
    inHome(async (home) => {
      const env = { ...home.env, ...setUp(home) };
      const readInput = async () => new TextEncoder().encode('us.icr.io');
      const context = testContext({ env, readInput });
      assert.is(await serve(context, { answer: get, errorsOn: 'stdout' }), 1);
      const line = context.output.join('');
      assert.match(line, /^us\.icr\.io: (?!us\.icr\.io)[^\n]*; (run|fix|check|move) [^\n]*\n$/);
      assert.ok(line.replaceAll(home.folder, '').length < 240, line);
      assert.not.match(line + context.warnings.join(), /canary|not found/);
    }));
}

test('rethrows unexpected errors', async () => {
  const answer = () => {
    throw new TypeError('a bug');
  };
  try {
    await serve(testContext(), { answer, errorsOn: 'stdout' });
  } catch (error) {
    assert.ok(error instanceof TypeError && !(error instanceof HelperError));
    return;
  }
  assert.unreachable();
});

test.run();
