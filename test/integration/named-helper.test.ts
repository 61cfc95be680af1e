import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  answer,
  answered,
  credential,
  executable,
  helper,
  notFound,
  nothing,
  type Outcome,
  refused,
} from '../support/helper.ts';
import { type Home, inHome, writeConfig } from '../support/home.ts';

const test = suite('the program name selects an identity');

const secrets = { default: 'canary-default', prod: 'canary-prod' };

/** A home with the identities `default`, which is mapped to all hosts, and `prod`; links have the names of helpers. */
function withIdentities(use: (home: Home) => void | Promise<void>): Promise<void> {
  return inHome(async (home) => {
    const identities = Object.fromEntries(
      Object.keys(secrets).map((name) => [name, { kind: 'api-key', secretSetAt: 0 }]),
    );
    const mappings = { '*': { identity: 'default' } };
    writeConfig(home, 'config.json', JSON.stringify({ identities, mappings }));
    for (const [name, Secret] of Object.entries(secrets)) {
      const stored = { ServerURL: name, Username: 'iamapikey', Secret };
      writeConfig(home, `identities/${name}.json`, JSON.stringify(stored));
    }
    await use(home);
  });
}

interface Call {
  readonly env?: Readonly<Record<string, string>>;
  /** Calls the link by its path, not by its name. */
  readonly byPath?: boolean;
}

/** Calls the executable through a symlink named `name`, which is found on `PATH` as clients do. */
function through(
  { folder, env }: Home,
  name: string,
  words: string | readonly string[],
  input = '',
  { env: added = {}, byPath = false }: Call = {},
): Outcome {
  const bin = path.join(folder, 'bin');
  const link = path.join(bin, name);
  fs.mkdirSync(bin, { recursive: true });
  if (!fs.existsSync(link)) fs.symlinkSync(executable, link);
  const { stdout, stderr, status } = spawnSync(byPath ? link : name, [words].flat(), {
    input,
    cwd: folder,
    env: { ...env, ...added, PATH: `${bin}:${env.PATH}` },
    encoding: 'utf8',
  });
  return { stdout, stderr, status };
}

const named = 'docker-credential-icr-prod';

for (const [title, call] of [
  ['found on PATH', {}],
  ['by its path', { byPath: true }],
  ['with the variable of this program', { env: { DOCKER_CREDENTIAL_ICR_API_KEY: 'canary-env' } }],
  [
    'with the variables of IBM',
    { env: { IBMCLOUD_API_KEY: 'canary-env', IC_API_KEY: 'canary-env' } },
  ],
] as const) {
  test(`get: returns the credential of the identity, ${title}`, () =>
    withIdentities((home) => {
      for (const host of ['us.icr.io', 'icr.io', 'private.de.icr.io']) {
        const outcome = through(home, named, 'get', host, call);
        assert.equal(outcome, answered(answer(host, 'iamapikey', secrets.prod)));
      }
    }));
}

test('get: the identity has precedence over mappings and logins of the host', () =>
  withIdentities((home) => {
    helper(home, 'store', credential('us.icr.io', 'iamapikey', 'canary-login'));
    helper(home, ['map', 'us.icr.io', 'default']);
    const outcome = through(home, named, 'get', 'us.icr.io');
    assert.equal(outcome, answered(answer('us.icr.io', 'iamapikey', secrets.prod)));
  }));

for (const [name, message] of [
  ['dev', 'identity dev does not exist; run docker-credential-icr login --identity dev'],
  [
    'Prod',
    'identity Prod does not exist; use "icr-prod" in the client\'s configuration, for identity prod',
  ],
  [
    '',
    "the program's name has no valid identity; use a name like docker-credential-icr-prod, for identity prod",
  ],
  [
    '__proto__',
    "the program's name has no valid identity; use a name like docker-credential-icr-prod, for identity prod",
  ],
] as const) {
  test(`get: no other source is used if identity "${name}" does not exist`, () =>
    withIdentities((home) => {
      const env = { DOCKER_CREDENTIAL_ICR_API_KEY: 'canary-env', IBMCLOUD_API_KEY: 'canary-env' };
      const outcome = through(home, `docker-credential-icr-${name}`, 'get', 'us.icr.io', { env });
      assert.equal(outcome, refused(`us.icr.io: ${message}`));
    }));
}

test('get: the names icr and icr-icr are different', () =>
  withIdentities((home) => {
    const outcome = through(home, 'docker-credential-icr', 'get', 'us.icr.io');
    assert.equal(outcome, answered(answer('us.icr.io', 'iamapikey', secrets.default)));
    assert.match(
      through(home, 'docker-credential-icr-icr', 'get', 'us.icr.io').stdout,
      /identity icr/,
    );
  }));

test('get: the identity is not used for other registries', () =>
  withIdentities((home) => {
    helper(home, 'store', credential('docker.io', 'user', 'canary-hub'));
    for (const host of ['docker.io', 'https://index.docker.io/v1/', 'us.icr.io.example']) {
      assert.equal(through(home, named, 'get', host), notFound);
    }
  }));

test('list: lists the hosts of the identity only', () =>
  withIdentities((home) => {
    helper(home, 'store', credential('docker.io', 'user', 'canary-hub'));
    const listed = JSON.parse(through(home, named, 'list').stdout);
    assert.is(listed['us.icr.io'], 'iamapikey');
    assert.is(listed['docker.io'], undefined);
    const missing = through(home, 'docker-credential-icr-dev', 'list');
    assert.is(missing.stdout, '{}\n');
    assert.match(
      missing.stderr,
      'identity dev does not exist\nhint: run docker-credential-icr login',
    );
  }));

test('erase: signs out only this name, and only this host', () =>
  withIdentities((home) => {
    const get = (name: string, host: string) => through(home, name, 'get', host);
    helper(home, 'store', credential('us.icr.io', 'iamapikey', 'canary-login'));
    assert.equal(through(home, named, 'erase', 'us.icr.io'), nothing);
    assert.equal(get(named, 'us.icr.io'), notFound);
    assert.match(get(named, 'de.icr.io').stdout, secrets.prod);
    assert.match(get('docker-credential-icr-default', 'us.icr.io').stdout, secrets.default);
    assert.match(get('docker-credential-icr', 'us.icr.io').stdout, secrets.default);
    assert.equal(helper(home, 'erase', 'de.icr.io'), nothing);
    assert.equal(get('docker-credential-icr', 'de.icr.io'), notFound);
    assert.match(get(named, 'de.icr.io').stdout, secrets.prod);
    const login = ['login', '--identity', 'prod', '--no-verify', '--api-key-stdin'];
    assert.is(helper(home, login, 'canary-next').status, 0);
    assert.match(get(named, 'us.icr.io').stdout, 'canary-next');
  }));

test('erase: keeps what docker login stored without the name', () =>
  withIdentities((home) => {
    helper(home, ['unmap', '*']);
    helper(home, 'store', credential('us.icr.io', 'iamapikey', 'canary-login'));
    for (const host of ['us.icr.io', 'docker.io']) {
      assert.equal(through(home, named, 'erase', host), nothing);
    }
    assert.match(helper(home, 'get', 'us.icr.io').stdout, 'canary-login');
  }));

test('store: docker login replaces the secret of this identity only', () =>
  withIdentities((home) => {
    const login = credential('us.icr.io', 'iamapikey', 'canary-login');
    assert.equal(through(home, named, 'erase', 'us.icr.io'), nothing);
    assert.equal(through(home, named, 'store', login), nothing);
    for (const host of ['us.icr.io', 'de.icr.io']) {
      assert.match(through(home, named, 'get', host).stdout, 'canary-login');
    }
    assert.match(helper(home, 'get', 'us.icr.io').stdout, secrets.default);
    assert.not.ok(fs.existsSync(path.join(home.config, 'hosts/us.icr.io.json')));
  }));

test('store: docker login creates the identity, without a mapping', () =>
  inHome((home) => {
    const name = 'docker-credential-icr-new';
    const login = credential('us.icr.io', 'iamapikey', 'canary-login');
    assert.equal(through(home, name, 'store', login), nothing);
    assert.match(through(home, name, 'get', 'de.icr.io').stdout, 'canary-login');
    assert.equal(helper(home, 'get', 'us.icr.io'), notFound);
  }));

test('store: does nothing if a client stores the answer of get', () =>
  withIdentities((home) => {
    const file = path.join(home.config, 'config.json');
    const before = fs.readFileSync(file, 'utf8');
    const echo = credential('us.icr.io', 'iamapikey', secrets.prod);
    assert.equal(through(home, named, 'store', echo), nothing);
    const token = through(home, named, 'store', credential('us.icr.io', '<token>'));
    assert.is(token.status, 0);
    assert.match(token.stderr, 'hint: run docker-credential-icr login --identity prod to use');
    assert.is(fs.readFileSync(file, 'utf8'), before);
  }));

for (const [input, message] of [
  [
    credential('docker.io', 'user'),
    /stores credentials for ICR hosts only; use docker-credential-icr/,
  ],
  [
    credential('us.icr.io', 'iambearer'),
    /user name iambearer cannot be saved for identity prod; log in/,
  ],
  [
    credential('us.icr.io', 'cp'),
    /entitlement keys cannot be used for us\.icr\.io; use cp\.icr\.io/,
  ],
] as const) {
  test(`store: refuses ${JSON.parse(input).Username} for ${JSON.parse(input).ServerURL}`, () =>
    withIdentities((home) => {
      const { stdout, status } = through(home, named, 'store', input);
      assert.is(status, 1);
      assert.match(stdout, message);
      assert.match(through(home, named, 'get', 'us.icr.io').stdout, secrets.prod);
    }));
}

for (const words of [
  ['logout'],
  ['login'],
  ['map', 'us.icr.io', 'prod'],
  ['configure'],
  ['store', 'move', 'file'],
]) {
  test(`refuses the command ${words[0]}, which would change other identities`, () =>
    withIdentities((home) => {
      const { stderr, status } = through(home, named, words);
      assert.is(status, 1);
      assert.match(stderr, `docker-credential-icr-prod cannot run ${words[0]}\nhint: run`);
      assert.match(helper(home, 'get', 'us.icr.io').stdout, secrets.default);
    }));
}

test('explain through the helper explains its identity, whatever the clients call', () =>
  withIdentities((home) => {
    const docker = path.join(home.folder, '.docker/config.json');
    fs.mkdirSync(path.dirname(docker));
    fs.writeFileSync(docker, '{"credHelpers":{"us.icr.io":"icr"}}');
    // Nothing listens there: only the first steps are of interest.
    const env = { HTTPS_PROXY: 'http://127.0.0.1:1' };
    const { stdout } = through(home, named, ['explain', 'us.icr.io/a/b', '--json'], '', { env });
    const { steps } = JSON.parse(stdout);
    const step = (wanted: string) => steps.find(({ name }: { name: string }) => name === wanted);
    assert.match(step('client').message, /names icr, which may use another identity$/);
    assert.is(step('client').state, 'warning');
    assert.match(step('credential').message, /^user name iamapikey of identity prod,/);
  }));

test('a helper of this name is a loop as store or fallback helper', () =>
  withIdentities((home) => {
    through(home, named, 'list');
    const PATH = `${path.join(home.folder, 'bin')}:${home.env.PATH}`;
    const file = path.join(home.config, 'config.json');
    const settings = JSON.parse(fs.readFileSync(file, 'utf8'));
    for (const change of [{ fallbackHelper: 'icr-prod' }, { store: 'icr-prod' }]) {
      fs.writeFileSync(file, JSON.stringify({ ...settings, ...change }));
      const host = 'store' in change ? 'us.icr.io' : 'docker.io';
      const { stdout } = helper(home, 'get', host, { env: { PATH } });
      assert.match(stdout, 'credential helper loop: docker-credential-icr-prod');
    }
  }));

test.run();
