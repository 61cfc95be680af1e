import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HelperError } from '../../src/errors.ts';
import { parseClaims } from '../../src/jwt-claims.ts';
import { unsignedJwt } from '../support/jwt.ts';

const claims = suite('access token claims');

const readable = [
  [
    {
      iam_id: 'iam-ServiceId-1',
      sub: 'ServiceId-1',
      sub_type: 'ServiceId',
      name: 'ci',
      account: { bss: 'a1' },
      iat: 1,
      exp: 2,
    },
    {
      iamId: 'iam-ServiceId-1',
      sub: 'ServiceId-1',
      subType: 'ServiceId',
      name: 'ci',
      account: 'a1',
      issuedAt: 1000,
      expiresAt: 2000,
    },
  ],
  [{ sub: 'jane@example.com' }, { sub: 'jane@example.com' }],
  [{}, { sub: 'unknown' }],
  [{ sub: 7, name: ['x'], account: null, iat: '1', exp: Number.NaN }, { sub: 'unknown' }],
  [{ sub: 'a\u001b[31m\r\nb\u202e', account: 'x' }, { sub: 'a [31m b' }],
] as const;
for (const [payload, expected] of readable) {
  claims(`reads ${JSON.stringify(payload)}`, () =>
    assert.equal(parseClaims(unsignedJwt(payload)), expected),
  );
}

const nonsense = [
  '',
  'canary',
  'canary.e30',
  'a.b.c',
  '..',
  unsignedJwt([]),
  unsignedJwt(null),
  unsignedJwt('canary'),
];
for (const text of nonsense) {
  claims(`${JSON.stringify(text)} is rejected as not a JWT, and not repeated in the error`, () => {
    assert.throws(
      () => parseClaims(text),
      (error: HelperError) =>
        error instanceof HelperError &&
        error.code === 'invalid-input' &&
        !/canary/.test(error.message),
    );
  });
}

claims.run();
