import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { credential, helper, nothing, refused } from '../../support/helper.ts';
import { inHome, snapshot, writeIdentity } from '../../support/home.ts';

const test = suite('bad input');

const mebibyte = 1024 * 1024;

/** Invalid values of ServerURL, for each verb. */
const hosts: readonly [name: string, serverURL: string, problem: string][] = [
  ['CR LF inside', 'us.icr.io\r\nde.icr.io', 'it has a control character'],
  ['a newline inside', 'us.icr.io\nde.icr.io', 'it has a control character'],
  ['a tab inside', 'us.icr\t.io', 'it has a control character'],
  ['NUL', 'us.icr.io\0.evil.example', 'it has a control character'],
  ['NUL at the end', 'us.icr.io\0', 'it has a control character'],
  ['ESC', '\x1b[2Jus.icr.io', 'it has a control character'],
  ['DEL', 'us.icr.io\x7f', 'it has a control character'],
  ['a C1 control', 'us.icr.io\x85x', 'it has a control character'],
  ['a control character in the path', 'us.icr.io/\x07/x', 'it has a control character'],
  ['user info', 'a@us.icr.io', 'it has a user name before the host'],
  ['user info with a password', 'https://a:b@us.icr.io/', 'it has a user name before the host'],
  ['empty user info', '@us.icr.io', 'it has a user name before the host'],
  ['a host with 254 characters', `${'a.'.repeat(123)}x.icr.io`, 'it is too long'],
  ['a host with more than 1,000 characters', `${'a'.repeat(1000)}.icr.io`, 'it is too long'],
  ['a label with 64 characters', `${'a'.repeat(64)}.icr.io`, 'it is not a host name'],
  ['an empty label', 'us..icr.io', 'it is not a host name'],
  ['a leading dot', '.icr.io', 'it is not a host name'],
  ['two trailing dots', 'us.icr.io..', 'it is not a host name'],
  ['a leading hyphen', '-us.icr.io', 'it is not a host name'],
  ['a label with a trailing hyphen', 'us-.icr.io', 'it is not a host name'],
  ['a space inside', 'us.icr.io evil.example', 'it is not a host name'],
  ['a wildcard', '*.icr.io', 'it is not a host name'],
  ['only a scheme', 'https://', 'it is not a host name'],
  ['only a path', '/ns/image', 'it is not a host name'],
  ['three slashes', 'https:///us.icr.io', 'it is not a host name'],
  ['no scheme before the slashes', '://us.icr.io', 'its scheme is not https or http'],
  ['a scheme with a space', 'ht tp://us.icr.io', 'its scheme is not https or http'],
  ['no port after the colon', 'us.icr.io:', 'its port is not valid'],
  ['port 0', 'us.icr.io:0', 'its port is not valid'],
  ['port 65536', 'us.icr.io:65536', 'its port is not valid'],
  ['a port with letters', 'us.icr.io:https', 'its port is not valid'],
  ['a port with a sign', 'us.icr.io:+443', 'its port is not valid'],
];

for (const [name, serverURL, problem] of hosts) {
  const expected = refused(`invalid ServerURL: ${problem}`);
  test(`get and erase: reject ${name}`, () =>
    inHomeThatKnows((home) => {
      assert.equal(helper(home, 'get', serverURL), expected);
      assert.equal(helper(home, 'erase', serverURL), expected);
    }));
  test(`store: rejects ${name}`, () =>
    inHomeThatKnows((home) => {
      const { stdout, ...rest } = helper(home, 'store', credential(serverURL));
      assert.match(stdout, /^(invalid ServerURL: |ServerURL contains ).*\n$/);
      assert.equal(rest, { stderr: '', status: 1 });
    }));
}
const notJson = 'the input is not JSON';
const notObject = 'the input is not a JSON object';
const [lone, notUnicode] = ['"\\ud800"', 'is not valid Unicode'];

/** Other invalid input of `store`. */
const inputs: readonly [name: string, input: string | Buffer, problem: string][] = [
  ['text that is not JSON', 'us.icr.io', notJson],
  ['truncated JSON', '{"ServerURL":"us.icr.io","Username":"iamapikey","Secret":"can', notJson],
  ['two objects', `${credential('us.icr.io')}\n${credential('us.icr.io')}`, notJson],
  [
    'an unescaped control character',
    '{"ServerURL":"us.icr.io","Username":"u","Secret":"canary\n"}',
    notJson,
  ],
  ['single quotes', "{'ServerURL':'us.icr.io'}", notJson],
  ['an array', `[${credential('us.icr.io')}]`, notObject],
  ['a string', '"us.icr.io"', notObject],
  ['a number', '1', notObject],
  ['null', 'null', notObject],
  [
    'a host that is a number',
    '{"ServerURL":1,"Username":"u","Secret":"canary"}',
    'ServerURL is not a string',
  ],
  [
    'a host that is null',
    '{"ServerURL":null,"Username":"u","Secret":"canary"}',
    'ServerURL is not a string',
  ],
  [
    'a user that is an object',
    '{"ServerURL":"us.icr.io","Username":{},"Secret":"canary"}',
    'Username is not a string',
  ],
  [
    'a secret that is an array',
    '{"ServerURL":"us.icr.io","Username":"u","Secret":["canary"]}',
    'Secret is not a string',
  ],
  ['no secret', '{"ServerURL":"us.icr.io","Username":"u"}', 'Secret is empty'],
  ['an empty secret', credential('us.icr.io', 'u', ''), 'Secret is empty'],
  [
    'an unpaired surrogate in the host',
    `{"ServerURL":${lone},"Username":"u","Secret":"canary"}`,
    `ServerURL ${notUnicode}`,
  ],
  [
    'an unpaired surrogate in the user name',
    `{"ServerURL":"us.icr.io","Username":${lone},"Secret":"canary"}`,
    `Username ${notUnicode}`,
  ],
  [
    'an unpaired surrogate in the secret',
    `{"ServerURL":"us.icr.io","Username":"u","Secret":${lone}}`,
    `Secret ${notUnicode}`,
  ],
  [
    'a newline in the user name',
    credential('us.icr.io', 'iamapikey\n'),
    'Username contains a control character',
  ],
  [
    'ESC in the user name',
    credential('us.icr.io', '\x1b[2J'),
    'Username contains a control character',
  ],
  [
    'CR LF in the secret',
    credential('us.icr.io', 'u', 'canary\r\nX: y'),
    'Secret contains a control character',
  ],
  [
    'NUL in the secret',
    credential('us.icr.io', 'u', 'canary\0'),
    'Secret contains a control character',
  ],
  [
    'a duplicate host that is invalid',
    '{"ServerURL":"us.icr.io","Username":"u","Secret":"canary","ServerURL":"a@b"}',
    'invalid ServerURL: it has a user name before the host',
  ],
  ['bytes that are not UTF-8', Buffer.from([0xff, 0xfe, 0x7b]), 'the input is not UTF-8'],
  ['a truncated UTF-8 sequence', Buffer.from([0x7b, 0xe2, 0x82]), 'the input is not UTF-8'],
  [
    'a surrogate encoded as UTF-8',
    Buffer.from('us.icr.io/\xed\xa0\x80', 'latin1'),
    'the input is not UTF-8',
  ],
  ['UTF-16', Buffer.from(credential('us.icr.io'), 'utf16le'), notJson],
];

for (const [name, input, problem] of inputs) {
  test(`store: rejects ${name}`, () =>
    inHomeThatKnows((home) => {
      assert.equal(helper(home, 'store', input), refused(problem));
    }));
}

/** Valid input that is padded to the limit. */
const padded: readonly [verb: string, text: string][] = [
  ['get', 'us.icr.io'],
  ['erase', 'de.icr.io'],
  ['store', credential('de.icr.io')],
];

for (const [verb, text] of padded) {
  test(`${verb}: rejects more than 1 MiB`, () =>
    inHomeThatKnows((home) => {
      const expected = refused('the input is longer than 1 MiB');
      assert.equal(helper(home, verb, text.padEnd(mebibyte + 1)), expected);
      assert.equal(helper(home, verb, text.padEnd(8 * mebibyte)), expected);
    }));
  test(`${verb}: accepts 1 MiB`, () =>
    inHome((home) => {
      helper(home, 'store', credential('us.icr.io'));
      assert.is(helper(home, verb, text.padEnd(mebibyte)).status, 0);
    }));
}

test('get: stops reading after the limit', () =>
  inHome((home) => {
    const { stdout, status } = helper(home, ['get'], 'a'.repeat(16 * mebibyte));
    assert.match(stdout, /longer than 1 MiB/);
    assert.is(status, 1);
  }));

test('store: accepts a secret of nearly 1 MiB', () =>
  inHome((home) => {
    const secret = 'canary-'.repeat(140_000);
    assert.equal(helper(home, 'store', credential('us.icr.io', 'iamapikey', secret)), nothing);
    const { Secret } = JSON.parse(helper(home, 'get', 'us.icr.io').stdout);
    assert.ok(Secret === secret);
  }));

/** Calls `use` in a home directory with an identity and a stored credential, and checks that they have not changed. */
function inHomeThatKnows(use: Parameters<typeof inHome<void>>[0]): Promise<void> {
  return inHome(async (home) => {
    writeIdentity(home);
    helper(home, 'store', credential('registry.example'));
    const before = snapshot(home.folder);
    await use(home);
    assert.equal(snapshot(home.folder), before);
  });
}

test.run();
