import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseCredential } from '../../src/secrets/credential-file.ts';

const test = suite("a stored credential's file");

const credential = { ServerURL: 'us.icr.io', Username: 'iamapikey', Secret: 'canary' };

test('has three texts, and other members are dropped', () =>
  assert.equal(parseCredential(JSON.stringify({ ...credential, other: 1 })), credential));

for (const name of Object.keys(credential)) {
  for (const value of [undefined, '', null, 7, ['canary'], {}]) {
    test(`is damaged if ${name} is ${JSON.stringify(value)}`, () =>
      assert.is(parseCredential(JSON.stringify({ ...credential, [name]: value })), undefined));
  }
}

for (const text of ['', '{', 'null', '[]', '"canary"']) {
  test(`is damaged if it holds ${text || 'nothing'}`, () =>
    assert.is(parseCredential(text), undefined));
}

test.run();
