import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { publicHosts } from '../../src/registry/regions.ts';
import { sandboxSuite } from '../sandbox/suite.ts';
import { executable } from '../support/helper.ts';
import { hasTerminal, atTerminal as runAtTerminal, type Session } from '../support/terminal.ts';
import {
  addIdentity,
  inCloud,
  newKey,
  type Person,
  refusal,
  registerInDocker,
} from './identity-cloud.ts';

const test = sandboxSuite('a person at a terminal');

/** Runs the executable on a pseudo-terminal of its own; when `prompt` appears, types `keys`. */
function atTerminal(
  { home, env }: Person,
  words: string,
  prompt: string,
  keys: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Session> {
  return runAtTerminal(`exec "${executable}" ${words}`, [[prompt, keys]], {
    cwd: home.folder,
    env: { ...home.env, ...env, ...more },
  });
}

const onTerminal = hasTerminal() ? test : test.skip;
const keyPrompt = 'IBM Cloud API key (not shown):';
const passcodePrompt = 'one-time passcode (not shown):';

onTerminal('login: prompts for the key without echo', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { value } = sandbox.accounts.addApiKey({ value: newKey() });
    registerInDocker(person);
    const { screen, status } = await atTerminal(person, 'login us.icr.io', keyPrompt, `${value}\r`);
    assert.is(status, 0, screen);
    assert.not.match(screen, /canary|\*/);
    assert.match(screen, /\nLogged in as user \S+ \(account \w+\); used for us\.icr\.io\n$/);
    assert.is((await person.get('us.icr.io')).secret, value);
  }),
);

const stdinOptions: readonly [option: string, prompt: string][] = [
  ['--api-key-stdin', keyPrompt],
  ['--refresh-token-stdin', 'refresh token (not shown):'],
  ['--entitlement-key-stdin', 'entitlement key (not shown):'],
];

for (const [option, prompt] of stdinOptions) {
  onTerminal(
    `login ${option} on a terminal: asks, and shows nothing of the secret`,
    ({ sandbox }) =>
      inCloud(sandbox, async (person) => {
        registerInDocker(person);
        const words = `login --no-verify ${option}`;
        const { screen, status } = await atTerminal(person, words, prompt, `${newKey()}\r`);
        assert.is(status, 0, screen);
        assert.not.match(screen, /canary|\*/);
        assert.match(screen, 'Saved without verification; used for ');
      }),
  );
}

onTerminal('login offers to register the helper if no client names it', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const bin = path.join(person.home.folder, 'bin');
    fs.mkdirSync(bin);
    fs.writeFileSync(path.join(bin, 'docker'), '#!/bin/sh\n', { mode: 0o755 });
    const { screen, status } = await runAtTerminal(
      `PATH="${bin}" exec "${executable}" login --no-verify`,
      [
        [keyPrompt, `${newKey()}\r`],
        ['Change this file? [Y/n]', '\r'],
      ],
      { cwd: person.home.folder, env: { ...person.home.env, ...person.env } },
    );
    assert.is(status, 0, screen);
    assert.match(screen, new RegExp(`\\nadded ${publicHosts.length} hosts to .*\\n$`));
    assert.not.match(screen, 'next:');
  }),
);

const endings: readonly [name: string, keys: string, status: number, line: string][] = [
  ['Ctrl-C', '\x03', 130, 'cancelled, nothing was changed'],
  ['Ctrl-C after half a key', 'canary-\x03', 130, 'cancelled, nothing was changed'],
  ['Ctrl-D', '\x04', 130, 'cancelled, nothing was changed'],
  ['Ctrl-Z, which is not heeded, and Ctrl-C', '\x1a\x03', 130, 'cancelled, nothing was changed'],
  ['Enter alone', '\r', 1, 'the API key is empty'],
  ['a key with a space', 'canary key\r', 1, 'the API key contains white space'],
];

for (const [name, keys, status, line] of endings) {
  onTerminal(`${name} at the prompt changes nothing`, ({ sandbox }) =>
    inCloud(sandbox, async (person) => {
      const session = await atTerminal(person, 'login', keyPrompt, keys);
      assert.is(session.status, status, session.screen);
      assert.match(session.screen, `docker-credential-icr: ${line}\n`);
      assert.not.match(session.screen, 'canary');
      assert.is(sandbox.requests.count(), 0);
      assert.not.ok(fs.existsSync(path.join(person.home.config, 'identities')));
    }),
  );
}

onTerminal(
  'login --sso: prints the passcode page, prompts for a passcode, and stores a refresh token',
  ({ sandbox }) =>
    inCloud(sandbox, async (person) => {
      const { accounts } = sandbox;
      const user = accounts.addUser({ name: 'Jane Doe' });
      const passcode = accounts.addPasscode({ owner: user.iamId, value: 'canary-passcode' });
      const words = 'login --identity jane --sso';
      registerInDocker(person);
      const { screen, status } = await atTerminal(person, words, passcodePrompt, `${passcode}\r`);
      assert.is(status, 0, screen);
      assert.match(screen, `Get a one-time passcode at ${sandbox.iamUrl}/identity/passcode\n`);
      assert.match(
        screen,
        `Logged in as user ${user.sub} (account ${user.accountId}) with identity jane; `,
      );
      assert.not.match(screen, /canary|OKD/);
      const kept = accounts.refreshTokens().at(-1);
      assert.equal(await person.get('us.icr.io'), {
        username: 'iamrefresh',
        secret: kept?.value,
        warnings: '',
      });
      assert.is(kept?.iamId, user.iamId);
    }),
);

onTerminal('an invalid passcode: reports the refusal of IAM', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    const { screen, status } = await atTerminal(person, 'login --sso', passcodePrompt, 'canary\r');
    assert.is(status, 1);
    assert.match(
      screen,
      'IAM refused the passcode (BXNIM0513E: Provided passcode is invalid.)\nhint: check it, then run docker-credential-icr login again\n',
    );
    assert.equal(fs.readdirSync(path.join(person.home.config, 'identities')), []);
  }),
);

onTerminal('exec: the command receives Ctrl-C once', ({ sandbox }) =>
  inCloud(sandbox, async (person) => {
    addIdentity(person, 'work');
    await person.say('map us.icr.io work');
    const counting = path.join(person.home.folder, 'counting.js');
    const script = `let count = 0;
const end = () => { console.log('interrupted ' + count); process.exit(5); };
process.on('SIGINT', () => { if (++count === 1) setTimeout(end, 300); });
setInterval(() => {}, 1000);
console.log('ready');
`;
    fs.writeFileSync(counting, script);
    const words = `exec us.icr.io -- "${process.execPath}" "${counting}"`;
    const { screen, status } = await atTerminal(person, words, 'ready', '\x03');
    assert.match(screen, 'interrupted 1\n');
    assert.is(status, 5);
  }),
);

test('without a terminal: fails with a hint instead of a prompt', ({ sandbox }) =>
  inCloud(sandbox, async ({ call }) => {
    assert.equal(
      await call('login'),
      refusal(
        'cannot ask for the IBM Cloud API key without a terminal',
        'use --api-key-stdin, --api-key-file or IBMCLOUD_API_KEY',
      ),
    );
    assert.equal(
      await call('login --sso'),
      refusal(
        'cannot ask for the one-time passcode without a terminal',
        'run docker-credential-icr login --sso in a terminal, or use --api-key-stdin',
      ),
    );
    assert.is(sandbox.requests.count(), 0);
  }));

test.run();
