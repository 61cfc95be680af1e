import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { candidates, splitLastOption } from '../../src/cli/completion.ts';
import { publicHosts } from '../../src/registry/regions.ts';
import { testContext } from '../support/context.ts';
import { inHome, writeIdentity } from '../support/home.ts';

const test = suite('completion values');

const stores = ['osxkeychain', 'wincred', 'secretservice', 'pass', 'file'];
const settings = ['ibmcloud-session', 'access-log', 'compute-profile', 'iam-endpoint'];

function candidatesFor(
  words: readonly string[],
  known: readonly string[],
  env: Readonly<Record<string, string>> = {},
): string[] {
  const takesValue = (option: string) => option.startsWith('--') && option !== '--history';
  return [...candidates(testContext({ env }), words, known, takesValue)];
}

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
  ['settings constructor ', []],
  ['constructor ', []],
  ['__proto__ ', []],
  ['completion ', ['bash', 'zsh', 'fish']],
  ['kubernetes secret icr --host ', publicHosts],
  ['kubernetes manifests ', ['cloud-init', 'machineconfig', 'refresher']],
  ['api-key create --description text laptop ', publicHosts],
  ['status --history ', [...publicHosts, 'work']],
  ['login --api-key-file ', []],
  ['login --present ', ['iamapikey', 'iambearer', 'iamrefresh']],
  ['', []],
];

for (const [typed, values] of rows) {
  test(`"${typed}": ${values.slice(0, 3).join(', ') || 'nothing'}`, () =>
    inHome((home) => {
      writeIdentity(home);
      const words = ['docker-credential-icr', ...typed.split(' ')];
      assert.equal(candidatesFor(words, [], home.env), [...values]);
    }));
}

const known = ['--client', '--help', '-h', 'docker', 'podman'];

/** The candidates of yargs are `known`. */
const knownRows: readonly (readonly [typed: string, values: readonly string[]])[] = [
  ['configure --client ', ['docker', 'podman']],
  ['configure --', ['--client', '--help', '-h']],
  ['configure ', ['docker', 'podman', ...publicHosts]],
  ['configure --region us-south -', ['--client', '--help', '-h']],
  ['configure --host ', publicHosts],
];

for (const [typed, values] of knownRows) {
  test(`"${typed}" with candidates of yargs: ${values.slice(0, 3).join(', ')}`, () => {
    const words = ['docker-credential-icr', ...typed.split(' ')];
    assert.equal(candidatesFor(words, known), [...values]);
  });
}

const splitRows: readonly (readonly [typed: string, words: string, prefix: string])[] = [
  ['login --identity=wo', 'login --identity wo', '--identity='],
  ['login --identity=', 'login --identity ', '--identity='],
  ['login --identity = wo', 'login --identity wo', ''],
  ['login --identity wo', 'login --identity wo', ''],
  ['login --history=wo', 'login --history=wo', ''],
  ['exec us.icr.io = wo', 'exec us.icr.io = wo', ''],
];

for (const [typed, words, prefix] of splitRows) {
  test(`"${typed}" is completed as "${words}"`, () => {
    const takesValue = (option: string) => option === '--identity';
    const split = { words: words.split(' '), prefix };
    assert.equal(splitLastOption(typed.split(' '), takesValue), split);
  });
}

test('options are offered without a dash if no argument is possible', () => {
  const words = ['docker-credential-icr', 'kubernetes', 'config', ''];
  assert.equal(candidatesFor(words, ['--output', '-h']), ['--output', '-h']);
});

test('configure --region: the names of the regions', () => {
  const words = ['docker-credential-icr', 'configure', '--region', ''];
  const names = candidatesFor(words, []);
  assert.ok(names.includes('us-south') && names.includes('eu-de'), names.join());
});

test.run();
