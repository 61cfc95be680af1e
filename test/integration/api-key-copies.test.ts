import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { sandboxSuite } from '../sandbox/suite.ts';
import { startHelper } from '../support/helper.ts';
import { base64, onlyNewKey, read, write } from './api-key-copies-world.ts';
import { addUserWithKey, keysOf } from './api-key-world.ts';
import { addIdentity, inCloud, type Person } from './identity-cloud.ts';

const test = sandboxSuite('api-key rotate --to');

const texts: readonly (readonly [name: string, of: (key: string) => string])[] = [
  ['the key', (key) => key],
  ['the key and a line feed', (key) => `${key}\n`],
  ['white space around the key', (key) => `\t${key}\r\n\r\n`],
  [
    'lines of an .env file',
    (key) => `# x\r\nA=b\nexport ICR_API_KEY="${key}"\nZ='${key}' # ${key}`,
  ],
  ['a URL', (key) => `https://iamapikey:${key}@us.icr.io/v2/`],
  ['a key file of the ibmcloud CLI', (key) => JSON.stringify({ name: 'x', apikey: key }, null, 2)],
  [
    'a config.json',
    (key) =>
      `{"auths":{"us.icr.io":{"auth": "${base64(`iamapikey:${key}`)}" },"b":{"auth":"Yjpi"}}}\n`,
  ],
  [
    'a config.json with a member password',
    (key) => `{"password":"${key}","auth":"${base64(`a:${key}`)}"}`,
  ],
  [
    'a manifest',
    (key) => `data:\n  apikey: ${base64(`${key}\n`)}\n  other: ${base64('another value')}\n`,
  ],
  [
    'a manifest with a config.json',
    (key) => `.dockerconfigjson: ${base64(`{"auth":"${base64(`iamapikey:${key}`)}"}`)}`,
  ],
];
for (const [name, of] of texts) {
  test(`file: replaces only the key in ${name}`, ({ sandbox }) =>
    inCloud(sandbox, async (person) => {
      const old = addUserWithKey(sandbox, person, 'jane');
      const file = write(person, 'copy of key', of(old.value), 0o640);
      const link = path.join(person.home.folder, 'link');
      fs.symlinkSync('copy of key', link);
      fs.writeFileSync(`${file}.icr-backup`, 'of another change');
      const said = await person.say('api-key rotate jane --to file:link');
      const key = onlyNewKey(sandbox, old);
      assert.is(read(file), of(key.value));
      assert.is(fs.statSync(file).mode & 0o777, 0o640);
      assert.ok(fs.lstatSync(link).isSymbolicLink());
      assert.is(read(`${file}.icr-backup`), 'of another change');
      assert.not.match(fs.readdirSync(person.home.folder).join(), /icr-new|tmp/);
      assert.match(
        said,
        /uses the new key\nfile:\/\S+\/link now contains the new key; IAM accepts it\nthe old API key \S+ is deleted\n$/,
      );
    }));
}

const unusable: readonly (readonly [
  name: string,
  target: string,
  prepare: (person: Person, key: string) => void,
  message: RegExp,
])[] = [
  ['a missing file', 'file:gone', () => {}, /\/gone does not exist\nhint: use the path of/],
  ['a directory', 'file:.', () => {}, /is a directory, not a regular file/],
  [
    'a file with another key',
    'file:other',
    (person) => write(person, 'other', 'x'.repeat(44)),
    /file:\S+\/other does not contain the API key\nhint: use --to only for copies/,
  ],
  [
    'a part of the key',
    'file:part',
    (person, key) => write(person, 'part', `${key}x ${key.slice(0, 20)} x${key}`),
    /does not contain the API key/,
  ],
  [
    'a file that other users can read',
    'file:open',
    (person, key) => write(person, 'open', key, 0o644),
    /: other users can access \S+open \(mode 0644\)\nhint: run chmod o-rwx '?\S+open'?\n/,
  ],
  ['an unknown kind', 'vault:x', () => {}, /: invalid value of --to\nhint: use kubernetes:/],
  ['the key itself', 'OWN', () => {}, /: invalid value of --to\nhint: use kubernetes:/],
  [
    'a Secret without a name',
    'kubernetes://build',
    () => {},
    /: invalid Kubernetes Secret in --to/,
  ],
  ['a missing program', 'command:gone-program', () => {}, /command: gone-program is not a program/],
  ['an open quote', "command:cat'", () => {}, /: invalid command in --to\nhint: use command:/],
];
for (const [name, target, prepare, message] of unusable) {
  test(`changes nothing if --to names ${name}`, ({ sandbox }) =>
    inCloud(sandbox, async (person) => {
      const old = addUserWithKey(sandbox, person, 'jane');
      prepare(person, old.value);
      const good = write(person, 'good', old.value);
      const words = `api-key rotate jane --to file:good --to ${target.replace('OWN', old.value)}`;
      const { stderr, status } = await person.call(words);
      assert.match(stderr, message);
      assert.is(status, 1);
      assert.is(read(good), old.value);
      assert.equal(
        keysOf(sandbox, old.iamId).map(({ id }) => id),
        [old.id],
      );
      assert.match(await person.say('api-key rotate jane'), /^created API key/);
    }));
}

/** Writes a program that appends its environment to a file, and copies standard input. */
function writeSink(person: Person, end = ''): { readonly program: string; readonly copy: string } {
  const copy = path.join(person.home.folder, 'sink');
  const body = `#!/bin/sh\nenv >>"${copy}.env"\nprintf '%s|' "$@" >"${copy}.args"\ncat >"${copy}"\n${end}`;
  return { program: write(person, 'bin/sink', body, 0o755), copy };
}

test('command: passes the key on standard input, and says that it cannot be verified', ({
  sandbox,
}) =>
  inCloud(sandbox, async (person) => {
    const old = addUserWithKey(sandbox, person, 'jane');
    const { program, copy } = writeSink(person);
    const words = ['api-key', 'rotate', 'jane', '--to', `command:${program} -a 'b "c"  d' "" e\\f`];
    const env = { ...person.env, IBMCLOUD_API_KEY: 'canary-of-the-caller' };
    const { stdout, stderr, status } = await startHelper(person.home, words, '', { env }).outcome;
    assert.equal([stderr, status], ['', 0]);
    assert.match(stdout, /delivered to command:\S+sink .*; a command cannot be verified\n/);
    const { value } = onlyNewKey(sandbox, old);
    assert.is(read(copy), value);
    assert.is(read(`${copy}.args`), '-a|b "c"  d||e\\f|');
    assert.not.match(read(`${copy}.env`), /canary/);
    assert.not.match(read(`${copy}.env`) + read(`${copy}.args`) + stdout, value);
  }));

test('command: a failure keeps the old key, and a later run continues without --to', ({
  sandbox,
}) =>
  inCloud(sandbox, async (person) => {
    const old = addUserWithKey(sandbox, person, 'jane');
    const file = write(person, 'a', old.value);
    const { program, copy } = writeSink(
      person,
      'test -e "$0.fail" || exit 0\ncat "$0.fail" "$0.copy" >&2\necho output\nexit 7\n',
    );
    fs.writeFileSync(`${program}.fail`, `no space left for ${old.value}\n`);
    fs.symlinkSync(copy, `${program}.copy`);
    const words = `api-key rotate jane --to command:${program} --to file:a`;
    const failed = await person.call(words);
    assert.is(failed.status, 1);
    const keys = keysOf(sandbox, old.iamId);
    assert.match(
      failed.stderr,
      /: identity jane uses the new key, but not all copies contain it: \S+sink failed \(exit status 7: no space left for \*\*\* \*\*\*\)\nhint: run the command by hand to see its output, then run docker-credential-icr api-key rotate jane to continue\n$/,
    );
    assert.is(keys.length, 2);
    assert.is(read(file), keys[1]?.value, 'the other copy is replaced');

    fs.rmSync(`${program}.fail`);
    const said = await person.say('api-key rotate jane');
    assert.match(said, /^continuing the interrupted rotation of identity jane\n/);
    assert.match(said, /\nfile:\S+\/a already contained the new key; IAM accepts it\n/);
    assert.is(read(copy), onlyNewKey(sandbox, old).value);
  }));

test('kubernetes: an error of kubectl shows no Secret', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { value } = addUserWithKey(sandbox, person, 'jane');
    const body = `#!/bin/sh\necho ${base64(value)} canary\nprintf '%b' "$SAID" >&2\nexit 1\n`;
    const kubectl = write(person, 'bin/kubectl', body, 0o755);
    for (const [SAID, shown] of [
      ['', ''],
      [`response ${base64(`user:${value}`)}`, ': response dXNlcjp***=='],
      [`\\033[31m${value}\\033[0m\\n`, ': [31m*** [0m'],
    ] as const) {
      const env = { SAID, PATH: `${path.dirname(kubectl)}:/bin` };
      const words = 'api-key rotate jane --to kubernetes://build/icr?context=a';
      const { stderr } = await person.call(words, '', env);
      assert.ok(
        stderr.includes(`kubectl for Secret build/icr failed (exit status 1${shown})\n`),
        stderr,
      );
    }
  }));

test('--skip leaves out a copy of the interrupted rotation', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const old = addUserWithKey(sandbox, person, 'jane');
    const [a, b] = [write(person, 'a', old.value), write(person, 'b', old.value)];
    // The first check of a copy.
    const path = '/identity/token';
    sandbox.faults.add('iam', { kind: 'delay', delayMs: 0, path, times: 2 });
    sandbox.faults.add('iam', { kind: 'status', status: 400, path });
    const { stderr } = await person.call('api-key rotate jane --to file:a --to file:b');
    assert.match(stderr, /but not all copies contain it: IAM refused the API key in file:\S+\/a /);
    fs.rmSync(a);
    const gone = await person.call('api-key rotate jane');
    assert.match(gone.stderr, /\/a does not exist\n/);
    assert.is(keysOf(sandbox, old.iamId).length, 2);
    await person.say('api-key rotate jane --skip file:a');
    assert.is(read(b), onlyNewKey(sandbox, old).value);
  }));

test('a copy that another program restores keeps the old key', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const old = addUserWithKey(sandbox, person, 'jane');
    const file = write(person, 'a', old.value);
    // The program restores the file while the command before it in the list is run: both read it at the same time.
    const body = `#!/bin/sh\ncat >/dev/null\nprintf '%s' other >"${file}"\n`;
    const program = write(person, 'bin/restore', body, 0o755);
    const { stderr } = await person.call(`api-key rotate jane --to command:${program} --to file:a`);
    assert.match(stderr, /not all copies contain it: file:\S+\/a does not contain the API key\n/);
    assert.ok(sandbox.accounts.apiKey(old.id));
  }));

test('does not delete a new key that copies may contain, if a login replaces it', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const old = addUserWithKey(sandbox, person, 'jane');
    const file = write(person, 'a', old.value);
    const login = addIdentity(person, 'spare');
    // The command changes the identity in the middle of the rotation, as a login does.
    const identity = path.join(person.home.config, 'identities/jane.json');
    const body = `#!/bin/sh\ncat >/dev/null\nsed -i 's/"Secret":"[^"]*"/"Secret":"${login}"/' "${identity}"\n`;
    const program = write(person, 'bin/log-in', body, 0o755);
    const { stderr, status } = await person.call(
      `api-key rotate jane --to file:a --to command:${program}`,
    );
    const key = onlyNewKey(sandbox, old);
    assert.is(read(file), key.value);
    assert.match(
      stderr,
      `API key ${key.id} was not deleted, because a rotation has begun to deliver it to file:`,
    );
    assert.is(status, 0);
  }));

test.run();
