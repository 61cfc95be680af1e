import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseKeyFile } from '../../src/identity/api-key-variable.ts';
import { fromAmbientVariable, fromOwnVariable } from '../../src/identity/environment.ts';
import { lookupIn, type Source } from '../../src/identity/lookup.ts';
import { testContext } from '../support/context.ts';
import { inHome } from '../support/home.ts';
import { rejects } from '../support/rejects.ts';

const test = suite('API keys from environment variables');

const host = { name: 'us.icr.io', port: undefined, namespace: undefined };
const own = 'DOCKER_CREDENTIAL_ICR_API_KEY';

async function keyFrom(source: Source, env: Record<string, string>): Promise<unknown> {
  const found = await source(lookupIn(testContext({ env })), host);
  if (found !== undefined) assert.is(found.username, 'iamapikey');
  return found?.secret();
}

const ambient: readonly [name: string, env: Record<string, string>, key: string | undefined][] = [
  ['none', {}, undefined],
  ['IBMCLOUD_API_KEY', { IBMCLOUD_API_KEY: 'canary' }, 'canary'],
  ['BLUEMIX_API_KEY', { BLUEMIX_API_KEY: 'canary' }, 'canary'],
  ['IC_API_KEY', { IC_API_KEY: 'canary' }, 'canary'],
  ['the first of three', { IC_API_KEY: 'c', BLUEMIX_API_KEY: 'b', IBMCLOUD_API_KEY: 'a' }, 'a'],
  ['the second if the first is empty', { IBMCLOUD_API_KEY: '', BLUEMIX_API_KEY: 'b' }, 'b'],
  ['the second if the first is blank', { IBMCLOUD_API_KEY: ' \n', BLUEMIX_API_KEY: 'b' }, 'b'],
  ['a value with a newline', { IC_API_KEY: ' canary\n' }, 'canary'],
  ['the variable of this program', { [own]: 'canary' }, undefined],
];

for (const [name, env, key] of ambient) {
  test(name, async () => assert.is(await keyFrom(fromAmbientVariable, env), key));
}

test('reads DOCKER_CREDENTIAL_ICR_API_KEY', async () => {
  assert.is(await keyFrom(fromOwnVariable, { [own]: 'canary', IC_API_KEY: 'c' }), 'canary');
  assert.is(await keyFrom(fromOwnVariable, { [own]: ' ' }), undefined);
  assert.is(await keyFrom(fromOwnVariable, { IC_API_KEY: 'c' }), undefined);
});

test('rejects a key of two lines', async () => {
  const { message } = await rejects(
    keyFrom(fromOwnVariable, { [own]: 'canary\ncanary' }),
    'misconfigured',
  );
  assert.match(message, own);
  assert.not.match(message, 'canary');
});

/** Contents of key files that are given as `@file`. */
const files: readonly [text: string, key: string | undefined][] = [
  ['canary', 'canary'],
  ['  canary\r\n', 'canary'],
  ['\ufeffcanary\n', 'canary'],
  ['{"name":"k","apikey":"canary","uuid":"ApiKey-1"}', 'canary'],
  ['\n{\n\t"apikey": "canary"\n}\n', 'canary'],
  ['', undefined],
  ['\n', undefined],
  ['two words', undefined],
  ['canary\ncanary', undefined],
  ['{}', undefined],
  ['{"apikey":""}', undefined],
  ['{"apikey":" "}', undefined],
  ['{"apikey":"can ary"}', undefined],
  ['{"apikey":5}', undefined],
  ['{"apikey":"canary"', undefined],
  ['{"apikey":null}', undefined],
  [`canary${'y'.repeat(64 * 1024)}\n`, undefined],
];

for (const [text, key] of files) {
  test(`reads a key file with ${JSON.stringify(text.slice(0, 80))}`, () =>
    inHome(async (home) => {
      if (text.length < 1024) assert.is(parseKeyFile(text), key);
      const file = path.join(home.folder, 'key file.json');
      fs.writeFileSync(file, text);
      const read = () => keyFrom(fromAmbientVariable, { IBMCLOUD_API_KEY: `@${file}` });
      if (key !== undefined) assert.is(await read(), key);
      else {
        const { message } = await rejects(read(), 'damaged', /IBMCLOUD_API_KEY/);
        assert.ok(message.includes(file) && !message.includes('canary'), message);
      }
    }));
}

test('reports UTF-16, and does not block on a FIFO or a device', () =>
  inHome(async (home) => {
    const file = path.join(home.folder, 'key');
    fs.writeFileSync(file, '\ufeffcanary', 'utf16le');
    const pipe = path.join(home.folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const [odd, fix] of [
      [file, 'save it as UTF-8'],
      [pipe, `check ${pipe}`],
      ['/dev/zero', 'check /dev/zero'],
    ] as const) {
      const error = await rejects(keyFrom(fromOwnVariable, { [own]: `@${odd}` }), 'damaged');
      assert.is(error.message, `no API key in ${odd}, the file in ${own}`);
      assert.is(error.hint, fix);
    }
  }));

test('reports a missing file and a directory by name', () =>
  inHome(async (home) => {
    const missing = path.join(home.folder, 'missing');
    for (const [file, code] of [
      [missing, 'ENOENT'],
      [home.folder, 'EISDIR'],
    ] as const) {
      const { message } = await rejects(keyFrom(fromOwnVariable, { [own]: `@${file}` }), 'storage');
      assert.is(message, `cannot read ${file}, the file in ${own} (${code})`);
    }
  }));

test.run();
