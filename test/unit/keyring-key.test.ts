import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { keyringKey, requirePullHost } from '../../src/kubernetes/keyring-key.ts';
import { hostOf } from '../support/host.ts';
import { fails } from '../support/rejects.ts';

const test = suite('host of a pull Secret');

const rows: readonly [text: string, key: string | undefined, hint?: string][] = [
  ['us.icr.io', 'us.icr.io'],
  ['us.icr.io:443', 'us.icr.io:443'],
  ['us.icr.io/', 'us.icr.io'],
  ['us.icr.io/team-a', 'us.icr.io/team-a'],
  ['us.icr.io:443/team-a/', 'us.icr.io:443/team-a'],
  ['US.icr.io', undefined, 'us.icr.io'],
  ['us.icr.io:5000', undefined, 'us.icr.io'],
  ['us.icr.io/team-a/image', undefined, 'us.icr.io/team-a'],
  ['us.icr.io/team-a:tag', undefined, 'us.icr.io/team-a'],
  ['us.icr.io/_team', undefined, 'us.icr.io'],
];

for (const [text, key, hint = ''] of rows) {
  test(text, () => {
    const call = () => requirePullHost(text, hostOf(text));
    if (key === undefined) fails(call, 'invalid-input', new RegExp(`use --host ${hint}$`));
    else assert.is(call(), key);
  });
}

test('the key of a namespace ends with a slash, so that it matches no longer name', () => {
  assert.is(keyringKey('us.icr.io:443', undefined), 'us.icr.io:443');
  assert.is(keyringKey('us.icr.io', 'team-a'), 'us.icr.io/team-a/');
});

test.run();
