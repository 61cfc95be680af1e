import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { identityKinds } from '../../src/config/settings.ts';
import { loginCommand } from '../../src/identity/hint.ts';

const test = suite('what a person types to mend an identity');

test('the command for each kind, with what that kind needs', () => {
  const commands = identityKinds.map((kind) => loginCommand('w', { kind, profile: 'Profile-1' }));
  assert.equal(commands, [
    'docker-credential-icr login --identity w',
    'docker-credential-icr login --identity w --sso',
    'docker-credential-icr login --identity w --entitlement-key-stdin',
    'docker-credential-icr login --identity w --registry-token-stdin',
    'docker-credential-icr login --identity w --trusted-profile Profile-1',
  ]);
});

test.run();
