import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { protocolErrors } from '../../src/errors.ts';
import { assertNoLoop } from '../../src/secrets/choose.ts';
import { inWorld } from '../support/keychains.ts';
import { fails } from '../support/rejects.ts';

const test = suite('a credential helper loop');

const settings = { identities: {}, mappings: {} };
const line = `docker-credential-other: ${protocolErrors.helperLoop}`;

test('is refused if the helper says that it leads back to this program', () =>
  inWorld(settings, ({ context, answers }) => {
    let asked = '';
    answers.get = (input) => {
      asked = input;
      return [1, line];
    };
    fails(() => assertNoLoop(context, 'vault'), 'misconfigured', /vault/);
    // No credential is stored under this name.
    assert.match(asked, /^https:\/\/docker-credential-icr\/trial\/\d+\n$/);
  }));

for (const [status, output] of [
  [1, 'credentials not found in native keychain'],
  [1, 'locked'],
  [0, '{"ServerURL":"x","Username":"credential helper loop","Secret":"canary"}'],
] as const) {
  test(`is not found if the helper answers ${output}`, () =>
    inWorld(settings, ({ context, answers, calls }) => {
      answers.get = () => [status, output];
      assertNoLoop(context, 'vault');
      assert.equal(calls, ['get']);
    }));
}

test.run();
