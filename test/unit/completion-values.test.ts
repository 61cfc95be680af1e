import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { namesToComplete } from '../../src/cli/completion.ts';
import { publicHosts } from '../../src/registry/regions.ts';
import { testContext } from '../support/context.ts';
import { inHome, writeIdentity } from '../support/home.ts';

const test = suite('completion values');

const stores = ['osxkeychain', 'wincred', 'secretservice', 'pass', 'file'];
const settings = ['ibmcloud-session', 'access-log', 'compute-profile', 'iam-endpoint'];

/** The last word is completed. */
const rows: readonly (readonly [typed: string, values: readonly string[]])[] = [
  ['setup ', publicHosts],
  ['login us.icr.io ', publicHosts],
  ['login --identity work ', publicHosts],
  ['status ', [...publicHosts, 'work']],
  ['map ', publicHosts],
  ['map us.icr.io ', ['work']],
  ['map --present iambearer us.icr.io ', ['work']],
  ['map us.icr.io work ', []],
  ['map --min-lifetime 30m us.icr.io ', ['work']],
  ['login --min-lifetime ', ['30m', 'off']],
  ['login --store ', stores],
  ['setup --store p', stores],
  ['store move ', stores],
  ['store ', []],
  ['token --identity ', ['work']],
  ['api-key list --as ', ['work']],
  ['api-key rotate ', ['work']],
  ['api-key create laptop ', publicHosts],
  ['api-key create ', []],
  ['settings ', settings],
  ['settings ibmcloud-session ', ['on', 'off']],
  ['settings iam-endpoint ', ['off']],
  ['settings unknown ', []],
  ['completion ', ['bash', 'zsh', 'fish']],
  ['kubernetes secret icr --host ', publicHosts],
  ['login --present ', ['iamapikey', 'iambearer', 'iamrefresh']],
  ['', []],
];

for (const [typed, values] of rows) {
  test(`"${typed}": ${values.slice(0, 3).join(', ') || 'nothing'}`, () =>
    inHome((home) => {
      writeIdentity(home);
      const words = ['docker-credential-icr', ...typed.split(' ')];
      assert.equal([...namesToComplete(testContext({ env: home.env }), words)], [...values]);
    }));
}

test('configure --region: the names of the regions', () => {
  const words = ['docker-credential-icr', 'configure', '--region', ''];
  const names = namesToComplete(testContext(), words);
  assert.ok(names.includes('us-south') && names.includes('eu-de'), names.join());
});

test.run();
