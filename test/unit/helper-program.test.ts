import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ambientVariables, ownVariable } from '../../src/secret-variables.ts';
import { environmentFor, withoutSecrets } from '../../src/secrets/helper-program.ts';
import { testContext } from '../support/context.ts';

const test = suite('environment of started programs');

const names = [
  ...[ownVariable, ...ambientVariables, 'BM_API_KEY'],
  ...['DOCKER_AUTH_CONFIG', 'CONTAINER_REGISTRY_APIKEY', 'IBMCLOUD_CR_TOKEN'],
  ...['IC_IAM_TOKEN', 'IC_IAM_REFRESH_TOKEN', 'IBMCLOUD_IAM_TOKEN', 'IBMCLOUD_IAM_REFRESH_TOKEN'],
  ...['ICR_PASSWORD', 'CF_DOCKER_PASSWORD'],
];
const secret = fc.stringMatching(/^[a-z]{3,12}$/).map((end) => `canary-${end}`);

test('contains no secret under any name', () => {
  const property = fc.property(
    fc.dictionary(fc.constantFrom(...names), secret, { minKeys: 1, noNullPrototype: true }),
    fc.dictionary(fc.constantFrom('MY_KEY', 'BASIC', 'PATH', 'HOME'), fc.nat(), {
      noNullPrototype: true,
    }),
    (secrets, copies) => {
      const values = Object.values(secrets);
      const copied = Object.entries(copies).map(([name, index]) => [
        name,
        `iamapikey:${values[index % values.length]}`,
      ]);
      const context = testContext({ env: { ...secrets, ...Object.fromEntries(copied), A: 'b' } });
      for (const env of [withoutSecrets(context), environmentFor(context, 'pass')]) {
        assert.not.match(JSON.stringify(env), 'canary');
        assert.is(env.A, 'b');
      }
    },
  );
  fc.assert(property);
});

test('contains all other variables', () => {
  const env = {
    HOME: '/home/jane',
    GNUPGHOME: '/home/jane/.gnupg',
    AWS_SECRET_ACCESS_KEY: 'for another helper',
    // Such a short value occurs in other text by chance.
    IC_API_KEY: '1',
    DISPLAY: ':1',
    UNSET: undefined,
  };
  const { IC_API_KEY: _key, UNSET: _unset, ...rest } = env;
  assert.equal(withoutSecrets(testContext({ env })), rest);
});

for (const [value, isRemoved] of [
  ['1234567', false],
  ['12345678', true],
  ['  1234567  ', false],
  ['  12345678  ', true],
] as const) {
  test(`a copy of "${value}" is${isRemoved ? '' : ' not'} removed`, () => {
    const env = { IC_API_KEY: value, COPY: `x${value.trim()}y`, OTHER: '1' };
    const expected = isRemoved ? { OTHER: '1' } : { COPY: env.COPY, OTHER: '1' };
    assert.equal(withoutSecrets(testContext({ env })), expected);
  });
}

test('contains the mark that detects a credential helper loop', () => {
  const env = environmentFor(testContext({ env: { A: 'b' } }), 'pass');
  assert.equal(env, { A: 'b', DOCKER_CREDENTIAL_ICR_CALLS: 'pass' });
});

test('variable names are case-insensitive on Windows', () => {
  const env = { ibmcloud_api_key: 'canary-key', Path: 'C:\\' };
  assert.equal(withoutSecrets(testContext({ env, platform: 'win32' })), { Path: 'C:\\' });
});

test.run();
