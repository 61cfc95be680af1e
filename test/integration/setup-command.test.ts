import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { collect, executable } from '../support/helper.ts';
import { snapshot } from '../support/home.ts';
import { atTerminal, hasTerminal, type Reply } from '../support/terminal.ts';
import { apiKey, doctorSuite, type Machine, newApiKey, onMachine } from './doctor-world.ts';

const test = doctorSuite('setup');
const onTerminal = hasTerminal() ? test : test.skip;

const keyPrompt = 'IBM Cloud API key (not shown):';
const question = 'Change this file? [Y/n]';

/** A machine with these clients, on which nobody has logged in and no client is configured. */
function onNewMachine(
  given: Parameters<typeof onMachine>[0],
  clients: readonly string[],
  use: (machine: Machine) => Promise<void>,
): Promise<void> {
  return onMachine(given, async (machine) => {
    fs.rmSync(machine.home.config, { recursive: true });
    // Otherwise podman's file would be in /run.
    machine.env.XDG_RUNTIME_DIR = path.join(machine.home.folder, 'none');
    fs.rmSync(path.dirname(machine.dockerFile), { recursive: true });
    for (const client of clients) {
      fs.writeFileSync(path.join(machine.bin, client), '#!/bin/sh\n', { mode: 0o755 });
    }
    await use(machine);
  });
}

/** Programs of the system are needed to make the terminal, and are not on the machine's `PATH`. */
function type({ env, home }: Machine, words: string, replies: readonly Reply[]) {
  const command = `PATH="${env.PATH}"; exec "${executable}" ${words}`;
  return atTerminal(command, replies, {
    cwd: home.folder,
    env: { ...env, PATH: process.env.PATH },
  });
}

async function run({ env, home }: Machine, words: readonly string[], input = '') {
  const child = spawn(executable, words, { cwd: home.folder, env: env as NodeJS.ProcessEnv });
  child.stdin.end(input);
  return collect(child);
}

const helpersIn = (file: string) => JSON.parse(fs.readFileSync(file, 'utf8')).credHelpers;

onTerminal('from nothing to a pull: asks for a key, shows the diff, verifies', (given) =>
  onNewMachine(given, ['docker'], async (machine) => {
    const { screen, status } = await type(machine, 'setup', [
      [keyPrompt, `${newApiKey}\r`],
      [question, '\r'],
    ]);
    assert.is(status, 0, screen);
    assert.not.match(screen, 'canary');
    assert.match(screen, 'Create an API key at https://cloud.ibm.com/iam/apikeys\n');
    assert.match(
      screen,
      'API key saved in ~/.config/docker-credential-icr (not encrypted)\nLogged in as user ',
    );
    assert.match(screen, '; used for all ICR hosts\n');
    assert.match(screen, /^\+\s+"us\.icr\.io": "icr"/m);
    assert.match(screen, 'icr.io issued a token\n');
    assert.match(screen, /\ndocker pull icr\.io\/codeengine\/helloworld\n$/);
    assert.is(helpersIn(machine.dockerFile)['us.icr.io'], 'icr');
  }),
);

onTerminal('a second run asks nothing and changes nothing', (given) =>
  onNewMachine(given, ['docker', 'podman'], async (machine) => {
    const stdin = ['setup', '--api-key-stdin', '--yes'];
    const first = await run(machine, stdin, newApiKey);
    assert.is(first.status, 0, first.stderr);
    const before = snapshot(machine.home.folder);
    const { screen, status } = await type(machine, 'setup', []);
    assert.is(status, 0, screen);
    assert.match(screen, 'Already logged in to icr.io\n');
    assert.match(screen, `docker: nothing to change in ${machine.dockerFile}\n`);
    assert.equal(snapshot(machine.home.folder), before);
  }),
);

onTerminal('hosts: only these are registered, verified and pulled from', (given) =>
  onNewMachine(given, ['podman'], async (machine) => {
    const { screen, status } = await type(machine, 'setup us.icr.io/team-a', [
      [keyPrompt, `${newApiKey}\r`],
      [question, 'y\r'],
    ]);
    assert.is(status, 0, screen);
    assert.match(screen, /\npodman login us\.icr\.io\n$/);
    const file = path.join(machine.home.folder, '.config/containers/auth.json');
    assert.equal(helpersIn(file), { 'us.icr.io': 'icr' });
    assert.not.ok(fs.existsSync(machine.dockerFile));
  }),
);

onTerminal('a change that is declined is not made, and the exit status is 1', (given) =>
  onNewMachine(given, ['docker'], async (machine) => {
    const { screen, status } = await type(machine, 'setup', [
      [keyPrompt, `${newApiKey}\r`],
      [question, 'n\r'],
    ]);
    assert.is(status, 1, screen);
    assert.match(screen, /docker\/config\.json was not\s+changed\n/);
    assert.not.match(screen, 'docker pull');
    assert.not.ok(fs.existsSync(machine.dockerFile));
  }),
);

onTerminal('Ctrl-C at the question ends setup', (given) =>
  onNewMachine(given, ['docker'], async (machine) => {
    await run(machine, ['login', '--api-key-stdin'], newApiKey);
    const { screen, status } = await type(machine, 'setup', [[question, '\x03']]);
    assert.is(status, 130, screen);
    assert.match(screen, /docker\/config\.json was not\s+changed\n/);
    assert.not.ok(fs.existsSync(machine.dockerFile));
  }),
);

const repairs: readonly [name: string, spoil: (machine: Machine) => void][] = [
  [
    'a deleted secret',
    ({ home }) => fs.rmSync(path.join(home.config, 'identities'), { recursive: true }),
  ],
  [
    'a key that IAM does not know',
    ({ home }) => {
      const file = path.join(home.config, 'identities/work.json');
      fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace(apiKey, 'canary-deleted'));
    },
  ],
];

for (const [name, spoil] of repairs) {
  onTerminal(`repairs ${name}: asks for a key for the same identity`, (given) =>
    onMachine(given, async (machine) => {
      fs.symlinkSync('/bin/true', path.join(machine.bin, 'docker'));
      spoil(machine);
      const { screen, status } = await type(machine, 'setup us.icr.io', [
        [keyPrompt, `${newApiKey}\r`],
      ]);
      assert.is(status, 0, screen);
      assert.match(screen, ' with identity work; used for all ICR hosts\n');
      assert.match(screen, 'us.icr.io issued a token\n');
      const settings = JSON.parse(
        fs.readFileSync(path.join(machine.home.config, 'config.json'), 'utf8'),
      );
      assert.equal(Object.keys(settings.identities), ['work']);
    }),
  );
}

test('non-interactive: --api-key-stdin --yes, every installed client', (given) =>
  onNewMachine(given, ['docker', 'skopeo'], async (machine) => {
    const words = ['setup', '--api-key-stdin', '--yes', 'us.icr.io'];
    const { stdout, stderr, status } = await run(machine, words, newApiKey);
    assert.is(status, 0, stderr);
    assert.not.match(stdout, '+++');
    assert.match(stdout, /\ndocker login us\.icr\.io\n$/);
    assert.equal(helpersIn(machine.dockerFile), { 'us.icr.io': 'icr' });
    const file = path.join(machine.home.folder, '.config/containers/auth.json');
    assert.equal(helpersIn(file), { 'us.icr.io': 'icr' });
  }));

const listed = {
  'an image of the account': {
    images: ['de.icr.io/team/app:1', 'us.icr.io/team/app:2', 'us.icr.io/team/app:3'],
    command: 'docker pull us.icr.io/team/app:2',
  },
  'no image in another region': {
    images: ['de.icr.io/team/app:1'],
    command: 'docker login us.icr.io',
  },
  'no name that a shell could interpret': {
    images: ['us.icr.io/team/app:1;id', 'us.icr.io/team/app:1\n', 'docker://us.icr.io/team/app:1'],
    command: 'docker login us.icr.io',
  },
};
for (const [what, { images, command }] of Object.entries(listed)) {
  test(`the last line names ${what}`, (given) =>
    onNewMachine(given, ['docker'], async (machine) => {
      const { accounts } = given.sandbox;
      const accountId = accounts.apiKey(newApiKey)?.accountId ?? '';
      const namespace = accounts.addNamespace({ name: 'team', accountId, public: false, images });
      const words = ['setup', '--api-key-stdin', '--yes', 'us.icr.io'];
      const { stdout, stderr, status } = await run(machine, words, newApiKey);
      accounts.removeNamespace(namespace);
      assert.is(status, 0, stderr);
      assert.is(stdout.trimEnd().split('\n').at(-1), command);
    }));
}

test('with IBMCLOUD_API_KEY: stores nothing, configures clients', (given) =>
  onNewMachine(given, ['docker'], async (machine) => {
    machine.env.IBMCLOUD_API_KEY = newApiKey;
    const { stdout, stderr, status } = await run(machine, ['setup', '--yes']);
    assert.is(status, 0, stderr);
    assert.match(stdout, 'icr.io uses the API key in IBMCLOUD_API_KEY; nothing is stored\n');
    assert.match(stdout, 'icr.io issued a token\n');
    assert.not.ok(fs.existsSync(machine.home.config));
    assert.is(helpersIn(machine.dockerFile)['us.icr.io'], 'icr');
  }));

test('--no-verify asks neither IAM nor a registry', (given) =>
  onNewMachine(given, ['docker'], async (machine) => {
    const { requests } = machine.sandbox;
    const before = requests.count();
    const words = ['setup', '--api-key-stdin', '--yes', '--no-verify'];
    const { stdout, stderr, status } = await run(machine, words, newApiKey);
    assert.is(status, 0, stderr);
    assert.match(stdout, 'Saved without verification; used for all ICR hosts\n');
    assert.is(requests.count(), before);
  }));

type Refusal = readonly [
  name: string,
  words: string,
  clients: readonly string[],
  env: Readonly<Record<string, string>>,
  line: RegExp,
];

const refusals: readonly Refusal[] = [
  [
    'no terminal and no --yes',
    'setup --api-key-stdin',
    ['docker'],
    {},
    /no terminal to confirm changes of clients' files\nhint: add --yes /,
  ],
  [
    'no terminal and no key',
    'setup --yes',
    ['docker'],
    {},
    /cannot ask for the IBM Cloud API key without a terminal/,
  ],
  [
    'a key in the environment that the registry refuses',
    'setup --yes',
    ['docker'],
    { IBMCLOUD_API_KEY: 'canary-unknown-key-0123456789-0123456789-012' },
    /\nhint: run docker-credential-icr doctor --registry icr\.io\n/,
  ],
  [
    'a host of another registry',
    'setup --yes docker.io',
    ['docker'],
    {},
    /docker\.io is not a host/,
  ],
  ['no client', 'setup --api-key-stdin --yes', [], {}, /no client is on PATH/],
];

for (const [name, words, clients, env, line] of refusals) {
  test(`refuses: ${name}`, (given) =>
    onNewMachine(given, clients, async (machine) => {
      Object.assign(machine.env, env);
      const { stdout, stderr, status } = await run(machine, words.split(' '), newApiKey);
      assert.is(status, 1, stdout);
      assert.match(stderr, line);
      assert.not.match(stdout + stderr, 'canary');
      assert.not.match(stdout, ' pull ');
    }));
}

test('a helper that is not on PATH is reported', (given) =>
  onNewMachine(given, ['docker'], async (machine) => {
    fs.rmSync(path.join(machine.bin, 'docker-credential-icr'));
    const words = ['setup', '--api-key-stdin', '--yes'];
    const { stderr, status } = await run(machine, words, newApiKey);
    assert.is(status, 1);
    assert.match(stderr, 'docker-credential-icr is not on PATH');
  }));

test.run();
