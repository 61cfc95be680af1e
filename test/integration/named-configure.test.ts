import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { executable, type Outcome } from '../support/helper.ts';
import { type Home, inHome, writeConfig } from '../support/home.ts';
import { testUnless } from '../support/skip.ts';

const test = suite('configure --identity');

interface Machine {
  readonly home: Home;
  readonly bin: string;
  /** Docker's config.json. */
  readonly docker: string;
  readonly link: (identity: string) => string;
  readonly run: (words: readonly string[], input?: string) => Outcome;
  readonly helpers: () => Record<string, string> | undefined;
}

/** A machine on which docker is installed and the helper is on PATH, with the identities `default` and `prod`. */
function onMachine(use: (machine: Machine) => void | Promise<void>): Promise<void> {
  return inHome(async (home) => {
    const identity = { kind: 'api-key', secretSetAt: 0 };
    const identities = {
      default: identity,
      prod: identity,
      cp: { ...identity, kind: 'entitlement-key' },
    };
    writeConfig(
      home,
      'config.json',
      JSON.stringify({ identities, mappings: { '*': { identity: 'default' } } }),
    );
    for (const name of Object.keys(identities)) {
      const stored = { ServerURL: name, Username: 'iamapikey', Secret: `canary-${name}` };
      writeConfig(home, `identities/${name}.json`, JSON.stringify(stored));
    }
    const bin = path.join(home.folder, 'bin');
    fs.mkdirSync(bin);
    fs.symlinkSync(executable, path.join(bin, 'docker-credential-icr'));
    fs.writeFileSync(path.join(bin, 'docker'), '#!/bin/sh\n', { mode: 0o755 });
    const docker = path.join(home.folder, '.docker/config.json');
    const run = (words: readonly string[], input = ''): Outcome => {
      const [name = '', ...rest] = words;
      const env = { ...home.env, PATH: bin, XDG_RUNTIME_DIR: home.folder };
      const options = { input, cwd: home.folder, env, encoding: 'utf8' } as const;
      const { stdout, stderr, status } = spawnSync(path.join(bin, name), rest, options);
      return { stdout, stderr, status };
    };
    const helpers = () => JSON.parse(fs.readFileSync(docker, 'utf8')).credHelpers;
    await use({
      home,
      bin,
      docker,
      run,
      helpers,
      link: (name) => path.join(bin, `docker-credential-icr-${name}`),
    });
  });
}

const icr = 'docker-credential-icr';

function succeed({ run }: Machine, ...words: string[]): string {
  const { stdout, stderr, status } = run([icr, ...words]);
  assert.is(status, 0, stderr);
  return stdout;
}

test('creates a link beside the program, registers it for the host, and undoes both', () =>
  onMachine((machine) => {
    const { link, helpers, run } = machine;
    succeed(machine, 'configure', '--host', 'us.icr.io', '--host', 'de.icr.io');
    const out = succeed(machine, 'configure', '--identity', 'prod', '--host', 'us.icr.io');
    assert.match(out, `created ${link('prod')}\n`);
    assert.is(fs.readlinkSync(link('prod')), icr);
    assert.equal(helpers(), { 'us.icr.io': 'icr-prod', 'de.icr.io': 'icr' });
    assert.match(run(['docker-credential-icr-prod', 'get'], 'us.icr.io').stdout, 'canary-prod');
    assert.match(run([icr, 'get'], 'us.icr.io').stdout, 'canary-default');
    assert.match(
      succeed(machine, 'configure', '--identity', 'prod', '--host', 'us.icr.io'),
      'nothing to change',
    );
    const undo = succeed(machine, 'configure', '--identity', 'prod', '--remove');
    assert.match(undo, `removed ${link('prod')}\n`);
    assert.equal(helpers(), { 'de.icr.io': 'icr' });
    assert.not.ok(fs.existsSync(link('prod')));
    assert.ok(fs.existsSync(link('prod').replace('-prod', '')));
  }));

test('creates a link beside the program that is not on PATH', () =>
  onMachine(({ home, run }) => {
    const elsewhere = path.join(home.folder, 'elsewhere');
    fs.mkdirSync(elsewhere);
    fs.copyFileSync(executable, path.join(elsewhere, icr), fs.constants.COPYFILE_FICLONE);
    fs.unlinkSync(path.join(home.folder, 'bin', icr));
    const { stdout, stderr } = run([`../elsewhere/${icr}`, 'configure', '--identity', 'prod']);
    assert.match(stdout, `created ${path.join(elsewhere, `${icr}-prod`)}\n`, stderr);
    assert.is(fs.readlinkSync(path.join(elsewhere, `${icr}-prod`)), icr);
  }));

testUnless(test, process.geteuid?.() !== 0 && 'needs root')(
  "as root: creates and removes a link in a user's directory with the rights of that user",
  () =>
    onMachine((machine) => {
      fs.chmodSync(machine.home.folder, 0o755);
      fs.chownSync(machine.bin, 1234, 4321);
      succeed(machine, 'configure', '--identity', 'prod', '--host', 'us.icr.io');
      const { uid, gid } = fs.lstatSync(machine.link('prod'));
      assert.equal([uid, gid], [1234, 4321]);
      succeed(machine, 'configure', '--identity', 'prod', '--remove');
      assert.not.ok(fs.existsSync(machine.link('prod')));
    }),
);

test('registers all ICR hosts without --host; for an entitlement key only the host that accepts it', () =>
  onMachine((machine) => {
    succeed(machine, 'configure', '--identity', 'prod');
    assert.is(machine.helpers()?.['jp.icr.io'], 'icr-prod');
    succeed(machine, 'configure', '--identity', 'cp');
    assert.is(machine.helpers()?.['cp.icr.io'], 'icr-cp');
    assert.is(machine.helpers()?.['us.icr.io'], 'icr-prod');
    const { stderr, status } = machine.run([
      icr,
      'configure',
      '--identity',
      'cp',
      '--host',
      'us.icr.io',
    ]);
    assert.is(status, 1);
    assert.match(stderr, 'entitlement keys cannot be used for us.icr.io');
  }));

test('keeps the link while a host or another client uses it', () =>
  onMachine((machine) => {
    const { link, home } = machine;
    const buildx = path.join(
      home.folder,
      '.docker/buildx/config/us.icr.io/ns/app@pull/config.json',
    );
    succeed(
      machine,
      'configure',
      '--identity',
      'prod',
      '--host',
      'us.icr.io',
      '--host',
      'de.icr.io',
    );
    succeed(machine, 'configure', '--identity', 'prod', '--host', 'us.icr.io', '--remove');
    assert.equal(machine.helpers(), { 'de.icr.io': 'icr-prod' });
    assert.ok(fs.existsSync(link('prod')));
    fs.mkdirSync(path.dirname(buildx), { recursive: true });
    fs.writeFileSync(buildx, '{"credHelpers": {"us.icr.io": "icr-prod", "x.example": "pass"}}');
    succeed(machine, 'configure', '--client', 'podman', '--identity', 'prod', '--remove');
    assert.ok(fs.existsSync(link('prod')));
    succeed(machine, 'configure', '--identity', 'prod', '--remove');
    assert.not.ok(fs.existsSync(link('prod')));
    assert.is(fs.readFileSync(buildx, 'utf8'), '{"credHelpers": {"x.example": "pass"}}');
  }));

test('--remove without an identity removes all entries and links of this program', () =>
  onMachine((machine) => {
    const { link, docker, bin } = machine;
    fs.mkdirSync(path.dirname(docker));
    fs.writeFileSync(docker, '{"credHelpers": {"a.example": "icr-foreign", "b.example": "pass"}}');
    const foreign = path.join(bin, 'docker-credential-icr-foreign');
    fs.writeFileSync(foreign, '#!/bin/sh\n', { mode: 0o755 });
    succeed(machine, 'configure', '--host', 'de.icr.io');
    for (const name of ['prod', 'default']) {
      succeed(
        machine,
        'configure',
        '--identity',
        name,
        '--host',
        name === 'prod' ? 'us.icr.io' : 'uk.icr.io',
      );
    }
    succeed(machine, 'configure', '--remove');
    assert.equal(machine.helpers(), { 'a.example': 'icr-foreign', 'b.example': 'pass' });
    for (const name of ['prod', 'default']) assert.not.ok(fs.existsSync(link(name)));
    assert.ok(fs.existsSync(foreign));
  }));

for (const [title, prepare] of [
  ['another program', (file: string) => fs.writeFileSync(file, '#!/bin/sh\n', { mode: 0o755 })],
  ['a file that is not executable', (file: string) => fs.writeFileSync(file, 'text')],
  ['a link to another program', (file: string) => fs.symlinkSync('/bin/sh', file)],
  ['a dangling link to another program', (file: string) => fs.symlinkSync('/nonexistent/x', file)],
] as const) {
  test(`neither replaces nor removes ${title}`, () =>
    onMachine((machine) => {
      const { link, run, docker } = machine;
      prepare(link('prod'));
      const before = fs.lstatSync(link('prod')).ino;
      const { stderr, status } = run([icr, 'configure', '--identity', 'prod']);
      assert.is(status, 1);
      assert.match(
        stderr,
        `${link('prod')} is not a link to docker-credential-icr\nhint: move it away`,
      );
      assert.not.ok(fs.existsSync(docker));
      succeed(machine, 'configure', '--identity', 'prod', '--remove');
      succeed(machine, 'configure', '--remove');
      assert.is(fs.lstatSync(link('prod')).ino, before);
    }));
}

test('replaces a dangling link of an earlier installation', () =>
  onMachine((machine) => {
    fs.symlinkSync('/nonexistent/docker-credential-icr', machine.link('prod'));
    succeed(machine, 'configure', '--identity', 'prod', '--host', 'us.icr.io');
    assert.is(fs.readlinkSync(machine.link('prod')), icr);
  }));

test('uses ~/.local/bin if the directory of the program is not writable', () =>
  onMachine((machine) => {
    const { home, bin, link } = machine;
    fs.chmodSync(bin, 0o555);
    const words = ['configure', '--identity', 'prod', '--host', 'us.icr.io'];
    const isRoot = process.getuid?.() === 0;
    const program = path.join(bin, icr);
    const command = isRoot ? ['setpriv', '--bounding-set', '-all', program] : [program];
    const [first = '', ...rest] = [...command, ...words];
    const env = { ...home.env, PATH: `${bin}:${process.env.PATH}` };
    const { stdout, stderr, status } = spawnSync(first, rest, { env, encoding: 'utf8' });
    fs.chmodSync(bin, 0o755);
    assert.is(status, 0, stderr);
    const file = path.join(home.folder, '.local/bin/docker-credential-icr-prod');
    assert.match(stdout, `created ${file}\n`);
    assert.match(stderr, `${file} is not on PATH\nhint: add its directory to PATH`);
    assert.is(fs.realpathSync(file), fs.realpathSync(program));
    assert.not.ok(fs.existsSync(link('prod')));
    assert.match(
      succeed(machine, 'configure', '--identity', 'prod', '--remove'),
      `removed ${file}\n`,
    );
  }));

test('--dry-run changes nothing', () =>
  onMachine((machine) => {
    const { link, docker } = machine;
    assert.match(
      succeed(machine, 'configure', '--identity', 'prod', '--dry-run'),
      '"us.icr.io": "icr-prod"',
    );
    assert.not.ok(fs.existsSync(link('prod')));
    assert.not.ok(fs.existsSync(docker));
  }));

for (const [words, message] of [
  [['--identity', 'a/b'], /identity a\/b cannot be part of a file name\nhint: run/],
  [['--identity', '../x'], /invalid identity name\nhint: use letters/],
  [['--identity', 'prod', '--creds-store'], /--identity and --creds-store cannot be used together/],
  [
    ['--identity', 'prod', '--client', 'registries.conf'],
    /--identity and --client registries\.conf cannot/,
  ],
  [['--identity', 'prod', '--host', 'docker.io'], /docker\.io is not a host of IBM Cloud/],
] as const) {
  test(`refuses ${words.join(' ')}`, () =>
    onMachine(({ run, docker, bin }) => {
      const before = fs.readdirSync(bin);
      const { stderr, status } = run([icr, 'configure', ...words]);
      assert.is(status, 1);
      assert.match(stderr, message);
      assert.not.ok(fs.existsSync(docker));
      assert.equal(fs.readdirSync(bin), before);
    }));
}

test('says what to do if the identity does not exist', () =>
  onMachine((machine) => {
    const out = succeed(machine, 'configure', '--identity', 'dev', '--host', 'us.icr.io');
    assert.match(out, 'next: docker-credential-icr login --identity dev\n');
    const { stdout } = machine.run([icr, 'doctor', '--json']);
    const checks: { name: string; message: string; hint: string }[] = JSON.parse(stdout).checks;
    const found = checks.find(({ name }) => name === 'named helpers');
    assert.is(found?.message, 'docker-credential-icr-dev: identity dev does not exist');
    assert.is(found?.hint, 'run docker-credential-icr login --identity dev');
  }));

test('configure without an identity keeps the entries of identities', () =>
  onMachine((machine) => {
    succeed(machine, 'configure', '--identity', 'prod', '--host', 'us.icr.io');
    succeed(machine, 'configure');
    assert.is(machine.helpers()?.['us.icr.io'], 'icr-prod');
    assert.is(machine.helpers()?.['de.icr.io'], 'icr');
    succeed(machine, 'configure', '--host', 'us.icr.io', '--force');
    assert.is(machine.helpers()?.['us.icr.io'], 'icr');
  }));

test('--remove also removes a credsStore that names an identity, which doctor reports', () =>
  onMachine((machine) => {
    fs.mkdirSync(path.dirname(machine.docker));
    fs.writeFileSync(machine.docker, '{"credsStore": "icr-prod", "x": 1}');
    fs.symlinkSync(icr, machine.link('prod'));
    const { checks } = JSON.parse(machine.run([icr, 'doctor', '--json']).stdout);
    const found = checks.find(({ name }: { name: string }) => name === 'named helpers');
    assert.is(found.state, 'warning');
    assert.match(found.message, 'has credentials for ICR hosts only');
    succeed(machine, 'configure', '--remove');
    assert.equal(JSON.parse(fs.readFileSync(machine.docker, 'utf8')), { x: 1 });
    assert.not.ok(fs.existsSync(machine.link('prod')));
  }));

test('a damaged file of a client keeps the links', () =>
  onMachine((machine) => {
    succeed(machine, 'configure', '--identity', 'prod', '--host', 'us.icr.io');
    const podman = path.join(machine.home.folder, '.config/containers/auth.json');
    fs.mkdirSync(path.dirname(podman), { recursive: true });
    fs.writeFileSync(podman, '{"credHelpers": {"us.icr.io": "icr-prod"');
    succeed(machine, 'configure', '--identity', 'prod', '--remove');
    assert.ok(fs.existsSync(machine.link('prod')));
  }));

test('status shows the helpers of identities', () =>
  onMachine((machine) => {
    succeed(machine, 'configure', '--identity', 'prod', '--host', 'us.icr.io');
    const line = `docker-credential-icr-prod: identity prod, used for us.icr.io in ${machine.docker}\n`;
    assert.match(succeed(machine, 'status'), line);
    const { helpers } = JSON.parse(succeed(machine, 'status', '--json'));
    assert.equal(helpers, [
      {
        name: 'docker-credential-icr-prod',
        identity: 'prod',
        file: machine.link('prod'),
        uses: [{ file: machine.docker, hosts: ['us.icr.io'] }],
      },
    ]);
  }));

test('doctor accepts the helper of an identity, and reports one that is not on PATH', () =>
  onMachine((machine) => {
    const named = () => {
      const { checks } = JSON.parse(machine.run([icr, 'doctor', '--json']).stdout);
      const isNamed = ({ name }: { name: string }) => name === 'named helpers' || name === 'docker';
      return checks.filter(isNamed).map(({ state }: { state: string }) => state);
    };
    succeed(machine, 'configure');
    succeed(machine, 'configure', '--identity', 'prod', '--host', 'us.icr.io');
    assert.equal(named(), ['ok', 'ok']);
    fs.unlinkSync(machine.link('prod'));
    assert.equal(named(), ['ok', 'error']);
  }));

for (const undo of [
  (host: string) => ['unmap', host, '--link'],
  (host: string) => ['map', host, 'prod', '--remove'],
  (host: string) => ['map', host, '--identity', 'prod', '--remove'],
  (host: string) => ['setup', ...(host === '*' ? [] : [host]), '--identity', 'prod', '--remove'],
]) {
  test(`${undo('HOST').join(' ')} undoes map --identity`, () =>
    onMachine((machine) => {
      const { link, helpers, home } = machine;
      const settings = path.join(home.config, 'config.json');
      const mappings = () => JSON.parse(fs.readFileSync(settings, 'utf8')).mappings;
      const before = mappings();
      for (const host of ['us.icr.io', '*']) {
        succeed(machine, 'map', host, '--identity', 'prod');
        assert.is(helpers()?.['us.icr.io'], 'icr-prod', host);
        const words = undo(host);
        succeed(machine, ...words);
        assert.not.ok(helpers()?.['us.icr.io'], host);
        assert.not.ok(fs.existsSync(link('prod')));
        if (words[0] === 'setup') succeed(machine, 'unmap', host);
        if (host !== '*') assert.equal(mappings(), before);
      }
    }));
}

test('map --remove keeps a mapping to another identity, and is used alone', () =>
  onMachine((machine) => {
    succeed(machine, 'map', 'us.icr.io', 'default');
    succeed(machine, 'configure', '--identity', 'prod', '--host', 'us.icr.io');
    succeed(machine, 'map', 'us.icr.io', 'prod', '--remove');
    assert.is(machine.helpers()?.['us.icr.io'], undefined);
    assert.match(succeed(machine, 'status'), /us\.icr\.io.*default/);
    for (const [words, message] of [
      [['us.icr.io', '--link'], /: --remove cannot be used together with other options\n/],
      [['us.icr.io/team-a'], /: --remove cannot be used for a namespace\n/],
    ] as const) {
      const [host, ...rest] = words;
      const { stderr, status } = machine.run([icr, 'map', host, 'prod', '--remove', ...rest]);
      assert.is(status, 1);
      assert.match(stderr, message);
    }
  }));

test('map without --link changes no client, and warns if one names another identity', () =>
  onMachine((machine) => {
    const { run, docker, link } = machine;
    succeed(machine, 'configure', '--host', 'us.icr.io', '--host', 'de.icr.io');
    const before = fs.readFileSync(docker, 'utf8');
    assert.is(run([icr, 'map', 'us.icr.io', 'prod']).stderr, '');
    assert.is(fs.readFileSync(docker, 'utf8'), before);
    assert.not.ok(fs.existsSync(link('prod')));
    succeed(machine, 'configure', '--identity', 'prod', '--host', 'us.icr.io');
    assert.is(run([icr, 'map', 'us.icr.io', 'prod']).stderr, '');
    assert.is(run([icr, 'map', 'de.icr.io', 'default']).stderr, '');
    for (const host of ['us.icr.io', 'us.icr.io/team-a', '*']) {
      const { stderr, status } = run([icr, 'map', host, 'default']);
      assert.is(status, 0);
      assert.match(stderr, `${docker} names icr-prod for us.icr.io, which does not use mappings\n`);
      const quoted = host === '*' ? "'*'" : 'us.icr.io';
      assert.match(stderr, `hint: run docker-credential-icr map ${quoted} default --link\n`);
    }
  }));

for (const words of [
  ['prod', '--link'],
  ['--identity', 'prod'],
  ['prod', '--identity', 'prod'],
]) {
  test(`map HOST ${words.join(' ')} maps the host and registers the identity for it`, () =>
    onMachine((machine) => {
      succeed(machine, 'map', 'us.icr.io', ...words);
      assert.equal(machine.helpers(), { 'us.icr.io': 'icr-prod' });
      assert.ok(fs.existsSync(machine.link('prod')));
      const { stderr, status } = machine.run([icr, 'map', 'us.icr.io/team-a', ...words]);
      assert.is(status, 1);
      assert.match(
        stderr,
        `${words.at(-2) === 'prod' ? '--link' : '--identity'} cannot be used for a`,
      );
    }));
}

for (const [words, message] of [
  [[], 'map needs an identity'],
  [['default', '--identity', 'prod'], 'map needs one identity'],
  [['--link'], 'map needs an identity'],
] as const) {
  test(`map HOST ${words.join(' ')}: ${message}`, () =>
    onMachine(({ run, docker }) => {
      const { stderr, status } = run([icr, 'map', 'us.icr.io', ...words]);
      assert.is(status, 1);
      assert.match(stderr, `${message}\nhint: run docker-credential-icr map HOST NAME`);
      assert.not.ok(fs.existsSync(docker));
    }));
}

test('configure --identity --remove names the command that registers the main helper again', () =>
  onMachine((machine) => {
    succeed(machine, 'configure', 'us.icr.io', 'de.icr.io');
    succeed(machine, 'configure', '--identity', 'prod', '--host', 'us.icr.io');
    const said = succeed(machine, 'configure', '--identity', 'prod', '--remove');
    const [, next = ''] = /^next, to use docker-credential-icr again: \S+ (.*)$/m.exec(said) ?? [];
    assert.is(next, 'configure --client docker us.icr.io');
    succeed(machine, ...next.split(' '));
    assert.equal(machine.helpers(), { 'us.icr.io': 'icr', 'de.icr.io': 'icr' });
  }));

test('setup --identity logs in, creates the link, and maps no host', () =>
  onMachine((machine) => {
    const words = [
      'setup',
      '--identity',
      'new',
      'us.icr.io',
      '--yes',
      '--no-verify',
      '--api-key-stdin',
    ];
    const { stderr, status } = machine.run([icr, ...words], 'canary-new');
    assert.is(status, 0, stderr);
    assert.equal(machine.helpers(), { 'us.icr.io': 'icr-new' });
    assert.match(
      machine.run(['docker-credential-icr-new', 'get'], 'us.icr.io').stdout,
      'canary-new',
    );
    assert.match(machine.run([icr, 'get'], 'us.icr.io').stdout, 'canary-default');
  }));

test('configure --identity ends the sign-out of the host', () =>
  onMachine((machine) => {
    succeed(machine, 'configure', '--identity', 'prod', '--host', 'us.icr.io');
    machine.run(['docker-credential-icr-prod', 'erase'], 'us.icr.io');
    assert.is(machine.run(['docker-credential-icr-prod', 'get'], 'us.icr.io').status, 1);
    succeed(machine, 'configure', '--identity', 'prod', '--host', 'us.icr.io');
    assert.match(
      machine.run(['docker-credential-icr-prod', 'get'], 'us.icr.io').stdout,
      'canary-prod',
    );
  }));

test.run();
