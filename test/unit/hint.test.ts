import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { identityKinds } from '../../src/config/settings.ts';
import { loginCommand } from '../../src/identity/login-command.ts';

const test = suite('hints to repair an identity');

test('returns the login command with the options of each kind', () => {
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
