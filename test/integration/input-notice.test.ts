import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { credential, executable, helper } from '../support/helper.ts';
import { inHome, writeIdentity } from '../support/home.ts';
import { atTerminal, hasTerminal } from '../support/terminal.ts';

const test = suite('a command that reads standard input');
const onTerminal = hasTerminal() ? test : test.skip;

const rows: readonly [words: string, notice: string, keys: string][] = [
  ['get', 'get reads a host from standard input', 'us.icr.io\r\x04'],
  ['get us.icr.io', 'get reads a host from standard input', 'us.icr.io\r\x04'],
  ['erase', 'erase reads a host from standard input', 'us.icr.io\r\x04'],
  ['store', 'store reads a credential in JSON from standard input', '{}\r\x04'],
  ['kubelet', 'kubelet reads a CredentialProviderRequest in JSON from standard input', '{}\r\x04'],
];

for (const [words, notice, keys] of rows) {
  onTerminal(`${words}: says so on a terminal`, () =>
    inHome(async (home) => {
      writeIdentity(home);
      const { screen } = await atTerminal(`exec "${executable}" ${words}`, [[notice, keys]], {
        cwd: home.folder,
        env: home.env,
      });
      assert.match(screen, `docker-credential-icr: ${notice}\n`);
      assert.match(screen, /\nhint: (run|see) /);
    }),
  );
}

for (const words of [['get'], ['erase'], ['store']]) {
  test(`${words}: says nothing if a client sends the input`, () =>
    inHome((home) => {
      const input = words[0] === 'store' ? credential('us.icr.io') : 'us.icr.io';
      assert.is(helper(home, words, input).stderr, '');
    }));
}

for (const word of ['get', 'erase']) {
  test(`${word} with an argument: says that it is not read`, () =>
    inHome((home) => {
      writeIdentity(home);
      const { stderr, status } = helper(home, [word, 'de.icr.io'], 'us.icr.io');
      assert.is(status, 0);
      assert.match(stderr, ' from standard input\nhint: ');
    }));
}

test('store with an argument: is an unknown command, and reads nothing', () =>
  inHome((home) => {
    const { stderr, status } = helper(home, ['store', 'mvoe'], credential('us.icr.io'));
    assert.is(status, 2);
    assert.match(stderr, 'docker-credential-icr: unknown command: store mvoe\nhint: ');
    assert.is(helper(home, ['get'], 'us.icr.io').status, 1);
  }));

test.run();
