import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { privateHosts, publicHosts } from '../../src/registry/regions.ts';
import { writeConfig, writeIdentity } from '../support/home.ts';
import {
  apiKey,
  doctorSuite,
  type Expected,
  expectFixed,
  findingIn,
  type Machine,
  onMachine,
  standIn,
  writeDockerFile,
  writeProgram,
} from './doctor-world.ts';

const test = doctorSuite("doctor: clients' files");

type Case = readonly [
  what: string,
  create: (machine: Machine) => void,
  state: Expected['state'],
  message: RegExp,
];

const secret = { auth: btoa('iamapikey:canary') };

/** Replaces the text of Docker's file. */
function withText(text: string | Buffer) {
  return ({ dockerFile }: Machine) => fs.writeFileSync(dockerFile, text);
}

function withAuth(key: string) {
  return (machine: Machine) => {
    writeDockerFile(machine.dockerFile, { auths: { 'quay.io': secret, [key]: secret } });
    standIn(machine, 'docker');
  };
}

/** Returns Docker's file with this helper for every public host, and with the given entries. */
function given(others: Readonly<Record<string, string>>): string {
  const ours = Object.fromEntries(publicHosts.map((host) => [host, 'icr']));
  return JSON.stringify({ credHelpers: { ...ours, ...others } });
}

const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(given({}), 'utf16le')]);

const docker: readonly Case[] = [
  ['no file', ({ dockerFile }) => fs.rmSync(dockerFile), 'error', /does not name this helper$/],
  ['an empty file', withText(''), 'error', /does not name this helper$/],
  ['other settings only', withText('{"auths": {}}'), 'error', /does not name this helper$/],
  ['a comment', withText('{\n  // here\n}'), 'error', /line 2, column 3: a comment, which clients/],
  ['a trailing comma', withText('{"a": 1,}'), 'error', /is damaged \(line 1, column 9: /],
  [
    'a duplicate credHelpers',
    withText('{"credHelpers": {}, "credHelpers": {}}'),
    'error',
    /duplicate key cred/,
  ],
  ['a byte order mark', withText(`\ufeff${given({})}`), 'error', /a byte order mark/],
  ['UTF-16', withText(utf16), 'error', /is UTF-16$/],
  ['Latin-1', withText(Buffer.from('{"a": "\xe4"}', 'latin1')), 'error', /not UTF-8$/],
  [
    'a directory instead of the file',
    ({ dockerFile }) => {
      fs.rmSync(dockerFile);
      fs.mkdirSync(dockerFile);
    },
    'error',
    /is a directory, not a regular file$/,
  ],
  [
    'a symlink to a missing directory',
    ({ dockerFile }) => {
      fs.rmSync(dockerFile);
      fs.symlinkSync('/nonexistent/dotfiles/config.json', dockerFile);
    },
    'error',
    /config\.json is a dangling symlink$/,
  ],
  [
    'a file instead of the directory',
    ({ dockerFile }) => {
      fs.rmSync(path.dirname(dockerFile), { recursive: true });
      fs.writeFileSync(path.dirname(dockerFile), '');
    },
    'error',
    /\.docker is a regular file, not a directory$/,
  ],
  [
    'a directory that is a dangling symlink',
    ({ dockerFile }) => {
      fs.rmSync(path.dirname(dockerFile), { recursive: true });
      fs.symlinkSync('/nonexistent', path.dirname(dockerFile));
    },
    'error',
    /\.docker is a dangling symlink$/,
  ],
  [
    'a file that is too large',
    ({ dockerFile }) => fs.truncateSync(dockerFile, 17 * 1024 * 1024),
    'error',
    /config\.json is larger than 16 MiB$/,
  ],
  ['a password for a host', withAuth('us.icr.io'), 'error', /a password for us\.icr\.io in plain/],
  [
    'a password for the URL of a host',
    withAuth('https://us.icr.io'),
    'error',
    /a password for https:\/\/us\.icr\.io/,
  ],
  [
    'a password for another spelling of a host',
    withAuth('us.icr.io/v1/'),
    'error',
    /a password for us\.icr\.io\/v1/,
  ],
  [
    'a password, if docker is not installed',
    ({ dockerFile }) => writeDockerFile(dockerFile, { auths: { 'de.icr.io': secret } }),
    'error',
    /a password for de\.icr\.io in plain text/,
  ],
  [
    'a password for a host without a credential',
    ({ dockerFile, home }) => {
      writeIdentity(home, apiKey, { 'us.icr.io': { identity: 'work' } });
      writeDockerFile(dockerFile, { auths: { 'jp.icr.io': { identitytoken: 'canary' } } });
    },
    'error',
    /a password for jp\.icr\.io/,
  ],
  [
    'another helper for hosts',
    (machine) => {
      writeProgram(machine, 'docker-credential-pass', 'echo "{}"');
      withText(given({ 'us.icr.io': 'pass', 'uk.icr.io': 'pass', 'quay.io': 'x' }))(machine);
    },
    'warning',
    /^another helper "pass" for us\.icr\.io, uk\.icr\.io in \S+config\.json$/,
  ],
  [
    'the helper by its full program name',
    withText(given({ 'us.icr.io': 'docker-credential-icr' })),
    'error',
    /^helper "docker-credential-icr" for us\.icr\.io in \S+, and it is not on PATH$/,
  ],
  [
    'an empty helper name for a host',
    withText(given({ 'us.icr.io': '' })),
    'warning',
    /^no helper for us\.icr\.io in \S+config\.json$/,
  ],
  [
    'a temporary file of a killed configure',
    ({ dockerFile }) => {
      fs.writeFileSync(`${dockerFile}.icr-new`, '');
      fs.utimesSync(`${dockerFile}.icr-new`, 0, 0);
    },
    'warning',
    /config\.json\.icr-new was left behind by a killed configure$/,
  ],
  [
    'missing public hosts',
    withText('{"credHelpers": {"us.icr.io": "icr"}}'),
    'warning',
    /logged in, but clients do not call this helper: au\.icr\.io, br\.icr\.io/,
  ],
  [
    'a missing host that is mapped to an identity',
    ({ home }) => writeIdentity(home, apiKey, { 'private.us.icr.io': { identity: 'work' } }),
    'error',
    /logged in, but clients do not call this helper: private\.us\.icr\.io$/,
  ],
  [
    'a missing host with a credential from docker login',
    ({ home }) => {
      writeIdentity(home, apiKey, { 'us.icr.io': { identity: 'work' } });
      const credential = { ServerURL: 'new.icr.io', Username: 'iamapikey', Secret: 'canary' };
      writeConfig(home, 'hosts/new.icr.io.json', JSON.stringify(credential));
    },
    'error',
    /logged in, but clients do not call this helper: new\.icr\.io$/,
  ],
];

for (const [what, create, state, message] of docker) {
  test(`docker: ${what}`, (cloud) =>
    onMachine(cloud, async (machine) => {
      create(machine);
      const edit = isEdited.test(message.source) ? anew(machine.dockerFile) : undefined;
      // A file that was moved away is to be created again.
      const leaves = /config\.json does not name this helper$/;
      await expectFixed(machine, { check: 'docker', state, message }, { edit, leaves });
    }));
}

/** Messages whose hint is an edit of a file. */
const isEdited = /damaged|mark|UTF|line|duplicate key|password for (de|jp)|URL/;

function anew(file: string) {
  return () => {
    fs.rmSync(file, { recursive: true });
    writeDockerFile(file, {});
  };
}

test('docker: follows a symlink and preserves it', (cloud) =>
  onMachine(cloud, async (machine) => {
    const { dockerFile, home } = machine;
    const target = path.join(home.folder, 'dotfiles.json');
    for (const text of [`\ufeff${given({})}`, utf16]) {
      const edit = () => writeDockerFile(target, {});
      fs.writeFileSync(target, text);
      fs.rmSync(dockerFile);
      fs.symlinkSync(target, dockerFile);
      await expectFixed(
        machine,
        { check: 'docker', state: 'error', message: /mark|UTF-16/ },
        { edit },
      );
      assert.ok(fs.lstatSync(dockerFile).isSymbolicLink());
    }
  }));

test('docker: hosts without a credential are not an error', (cloud) =>
  onMachine(cloud, async ({ dockerFile, home, doctor }) => {
    writeIdentity(home, apiKey, { 'us.icr.io': { identity: 'work' } });
    const used = { 'us.icr.io': 'icr', 'us.icr.io:443': 'icr' };
    const credHelpers = { ...used, [String(privateHosts[0])]: 'icr' };
    fs.writeFileSync(dockerFile, JSON.stringify({ credHelpers }));
    const message = /for 3 ICR hosts; not logged in to private\.icr\.io$/;
    assert.ok(findingIn(await doctor(), { check: 'docker', state: 'ok', message }));
  }));

test('docker: skipped if only podman is installed', (cloud) =>
  onMachine(cloud, async (machine) => {
    fs.rmSync(machine.dockerFile);
    standIn(machine, 'podman');
    const message = /^no Docker client on PATH$/;
    assert.ok(findingIn(await machine.doctor(), { check: 'docker', state: 'skipped', message }));
  }));

/** Removes `credsStore` from Docker's file, as the hint says. */
function withoutStore({ dockerFile }: Machine) {
  return () => {
    const { credsStore: _, ...rest } = JSON.parse(fs.readFileSync(dockerFile, 'utf8'));
    fs.writeFileSync(dockerFile, JSON.stringify(rest));
  };
}

test('credsStore: reports a helper that does not exist', (cloud) =>
  onMachine(cloud, async (machine) => {
    writeDockerFile(machine.dockerFile, { credsStore: 'gone.exe' });
    const message = /^docker-credential-gone\.exe is not on PATH; /;
    const edit = withoutStore(machine);
    await expectFixed(machine, { check: 'credsStore', state: 'error', message }, { edit });
  }));

const stores: readonly (readonly [what: string, script: string, message: RegExp])[] = [
  ['fails', 'echo "pass is not initialized"; exit 1', /list failed \(pass is not initialized\)/],
  ['fails without a message', 'exit 7', /list failed \(exit status 7\)/],
  ['hangs', 'kill -STOP $$', /list did not answer within 2 s/],
  ['prints null', 'echo null', /list returned invalid output/],
  ['prints nothing', 'true', /list returned invalid output/],
];

for (const [what, script, message] of stores) {
  test(`credsStore: ${what}`, (cloud) =>
    onMachine(cloud, async (machine) => {
      writeDockerFile(machine.dockerFile, { credsStore: 'stub' });
      writeProgram(machine, 'docker-credential-stub', script);
      const edit = withoutStore(machine);
      await expectFixed(machine, { check: 'credsStore', state: 'error', message }, { edit });
    }));
}

const notPrograms: readonly (readonly [what: string, content: string | Buffer, message: RegExp])[] =
  [
    ['empty', '', /cannot be executed: it is empty, or not a program of this system/],
    ['text without #!', 'echo {}\n', /cannot be executed: it is empty, or not a program/],
    ['for another system', Buffer.from('7f454c4601010100', 'hex'), /cannot be executed: it is/],
    ['a script of a missing interpreter', '#!/nonexistent\n', /its interpreter does not exist/],
  ];

for (const [what, content, message] of notPrograms) {
  test(`credsStore: a helper that is ${what}`, (cloud) =>
    onMachine(cloud, async (machine) => {
      writeDockerFile(machine.dockerFile, { credsStore: 'stub' });
      fs.writeFileSync(path.join(machine.bin, 'docker-credential-stub'), content, { mode: 0o755 });
      const edit = withoutStore(machine);
      await expectFixed(machine, { check: 'credsStore', state: 'error', message }, { edit });
    }));
}

/** Returns false for an exited process, including a zombie (Z). */
function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return !/^(Z.*)?$/.test(stdout.trim());
}

test('credsStore: kills a helper that does not respond', (cloud) =>
  onMachine(cloud, async (machine) => {
    writeDockerFile(machine.dockerFile, { credsStore: 'stub' });
    const file = path.join(machine.home.folder, 'number');
    writeProgram(machine, 'docker-credential-stub', 'echo $$ > "$HOME/number"; kill -STOP $$');
    // On a busy machine, the stub may not start within the timeout of the check.
    do {
      const message = /did not answer within 2 s/;
      const report = await machine.doctor();
      assert.ok(findingIn(report, { check: 'credsStore', state: 'error', message }));
    } while (!fs.existsSync(file) || fs.statSync(file).size === 0);
    const number = Number(fs.readFileSync(file, 'utf8'));
    assert.ok(number > 1);
    // A killed process exits when the system schedules it again.
    const patience = performance.now() + 30_000;
    while (isAlive(number) && performance.now() < patience) await sleep(5);
    assert.not.ok(isAlive(number));
  }));

test('credsStore: calls the helper like clients do, without API keys in the environment', (cloud) =>
  onMachine(cloud, async (machine) => {
    writeDockerFile(machine.dockerFile, { credsStore: 'stub' });
    const script =
      'read line; echo "{\\"$1 $line $IC_API_KEY\\": \\"\\"}" > "$HOME/asked"; echo "{}"';
    writeProgram(machine, 'docker-credential-stub', script);
    machine.env.IC_API_KEY = apiKey;
    const message = /^stub works, for every/;
    assert.ok(findingIn(await machine.doctor(), { check: 'credsStore', state: 'ok', message }));
    const asked = fs.readFileSync(path.join(machine.home.folder, 'asked'), 'utf8');
    assert.is(asked, '{"list unused ": ""}\n');
  }));

test('credsStore: does not run a name with a path', (cloud) =>
  onMachine(cloud, async (machine) => {
    const store = '../../evil';
    writeDockerFile(machine.dockerFile, { credsStore: store });
    const message = /is not the name of a helper; /;
    const edit = withoutStore(machine);
    await expectFixed(machine, { check: 'credsStore', state: 'error', message }, { edit });
  }));

/** The session's file, which `podman login` uses, and the permanent file. */
function podmanFiles({ home, env }: Machine): { session: string; lasting: string } {
  const runtime = path.join(home.folder, 'run');
  const session = path.join(runtime, 'containers/auth.json');
  const lasting = path.join(home.folder, '.config/containers/auth.json');
  fs.mkdirSync(path.dirname(session), { recursive: true, mode: 0o700 });
  fs.mkdirSync(path.dirname(lasting), { recursive: true });
  env.XDG_RUNTIME_DIR = runtime;
  return { session, lasting };
}

const podman: readonly Case[] = [
  [
    'no file, and no file of Docker',
    ({ dockerFile }) => fs.rmSync(dockerFile),
    'error',
    /^no file names this helper \(\S+auth\.json, \S+auth\.json\)$/,
  ],
  [
    "Docker's file only",
    () => {},
    'warning',
    /^podman pulls with \S+config\.json, but podman login stores/,
  ],
  [
    "Docker's credsStore only",
    ({ dockerFile }) => fs.writeFileSync(dockerFile, '{"credsStore": "icr"}'),
    'error',
    /config\.json names this helper as credsStore, which podman, buildah and skopeo do not read/,
  ],
  [
    "Docker's credsStore, and credHelpers for one host",
    ({ dockerFile }) =>
      fs.writeFileSync(dockerFile, '{"credsStore": "icr", "credHelpers": {"us.icr.io": "icr"}}'),
    'warning',
    /^logged in, but clients do not call this helper: au\.icr\.io/,
  ],
  [
    'credsStore in its own files only',
    (machine) => {
      fs.rmSync(machine.dockerFile);
      fs.writeFileSync(podmanFiles(machine).lasting, '{"credsStore": "icr"}');
    },
    'error',
    /^no file names this helper/,
  ],
  [
    'no file of the session, which podman login creates',
    (machine) => writeDockerFile(podmanFiles(machine).lasting, {}),
    'warning',
    /run\/containers\/auth\.json does not name this helper: podman login stores/,
  ],
  [
    'a damaged file',
    (machine) => fs.writeFileSync(podmanFiles(machine).session, '{'),
    'error',
    /run\/containers\/auth\.json is damaged \(line 1/,
  ],
  [
    'a session file without the helper',
    (machine) => {
      const { session, lasting } = podmanFiles(machine);
      writeDockerFile(lasting, {});
      fs.writeFileSync(session, '{"auths": {}}');
    },
    'warning',
    /run\/containers\/auth\.json does not name this helper: podman login stores/,
  ],
  [
    'a password in the session file',
    (machine) => {
      const { session, lasting } = podmanFiles(machine);
      writeDockerFile(lasting, {});
      writeDockerFile(session, { auths: { 'us.icr.io': secret } });
    },
    'error',
    /run\/containers\/auth\.json has a password for us\.icr\.io in plain text$/,
  ],
  [
    'a password for a namespace',
    (machine) =>
      writeDockerFile(podmanFiles(machine).lasting, { auths: { 'us.icr.io/ns': secret } }),
    'error',
    /has a password for us\.icr\.io\/ns in plain text$/,
  ],
  [
    'a password under a URL',
    (machine) =>
      writeDockerFile(podmanFiles(machine).lasting, { auths: { 'https://us.icr.io': secret } }),
    'error',
    /has a password for https:\/\/us\.icr\.io in plain text$/,
  ],
  [
    'another helper for a host',
    (machine) => {
      fs.writeFileSync(podmanFiles(machine).lasting, given({ 'us.icr.io': 'pass' }));
    },
    'error',
    /^helper "pass" for us\.icr\.io in \S+auth\.json, and it is not on PATH$/,
  ],
  [
    'missing hosts',
    (machine) =>
      fs.writeFileSync(podmanFiles(machine).lasting, '{"credHelpers": {"us.icr.io": "icr"}}'),
    'warning',
    /^logged in, but clients do not call this helper: au\.icr\.io/,
  ],
  [
    'a REGISTRY_AUTH_FILE that does not exist',
    ({ env, home, dockerFile }) => {
      fs.rmSync(dockerFile);
      env.REGISTRY_AUTH_FILE = path.join(home.folder, 'auth.json');
    },
    'error',
    /^no file names this helper \(\S+\/auth\.json\)$/,
  ],
];

for (const [what, create, state, message] of podman) {
  test(`podman: ${what}`, (cloud) =>
    onMachine(cloud, async (machine) => {
      standIn(machine, 'podman');
      podmanFiles(machine);
      create(machine);
      const { session, lasting } = podmanFiles(machine);
      const file = /damaged/.test(message.source) ? session : lasting;
      const edit = /damaged|https:/.test(message.source) ? anew(file) : undefined;
      await expectFixed(machine, { check: 'podman', state, message }, { edit });
    }));
}

const rivals = [
  'credential-helpers = ["containers-auth.json"]\n[[registry]]\nprefix = "a.example"\n',
  '# ["icr"]\nunqualified-search-registries = []\ncredential-helpers = [\n  "pass", # mine\n]\n',
  "credential-helpers=['pass',]\n",
];

/** The member, the programs on `PATH`, and the state; only a program that fails is an error. */
const rejected: readonly (readonly [
  content: object,
  member: string,
  programs: readonly string[],
  state: Expected['state'] | undefined,
])[] = [
  [{ experimental: true }, '"experimental"', ['docker'], 'warning'],
  [{ experimental: true }, '"experimental"', [], 'warning'],
  [{ experimental: true }, '"experimental"', ['docker', 'crane'], 'error'],
  [{ experimental: true }, '"experimental"', ['docker', 'podman', 'oras'], 'warning'],
  [{ auths: [] }, '"auths"', ['docker'], 'warning'],
  [{ auths: [] }, '"auths"', ['docker', 'podman'], 'error'],
  [{ auths: { 'quay.io': { auth: '!canary' } } }, '"quay.io"."auth"', ['docker'], 'warning'],
  [{ auths: { 'quay.io': { auth: '!canary' } } }, '"quay.io"."auth"', ['nerdctl'], 'error'],
  [{ auths: { 'quay.io': { auth: 5 } } }, '"quay.io"."auth"', ['skopeo'], 'error'],
  [{ aliases: { builder: 5 } }, '"aliases"."builder"', ['docker'], 'error'],
  [{ auths: { 'quay.io': { auth: '' } } }, '"quay.io"."auth"', ['docker'], undefined],
  [{ auths: { 'quay.io': { auth: '' } } }, '"quay.io"."auth"', ['docker-compose'], 'warning'],
];

for (const [content, member, programs, state] of rejected) {
  test(`docker: ${JSON.stringify(content)} with ${programs.join(', ')}: ${state}`, (cloud) =>
    onMachine(cloud, async (machine) => {
      for (const program of programs) writeProgram(machine, program, '');
      writeDockerFile(machine.dockerFile, content);
      const message = new RegExp(
        `${member.replaceAll('.', '\\.')} in \\S+ is not .*: .* (?:fails?|warning)$`,
      );
      if (state === undefined) {
        for (const each of ['error', 'warning'] as const) {
          const report = await machine.doctor();
          assert.not.ok(findingIn(report, { check: 'docker', state: each, message }));
        }
        return;
      }
      const edit = anew(machine.dockerFile);
      const configure = await machine.fixAndDiagnose('docker-credential-icr configure || :');
      assert.ok(findingIn(configure, { check: 'docker', state, message }));
      await expectFixed(machine, { check: 'docker', state, message }, { edit });
    }));
}

test('configure goes on with a member that only causes a warning of docker', (cloud) =>
  onMachine(cloud, async (machine) => {
    const text = '{"auths": {"quay.io": {"auth": "!canary"}}}';
    for (const [command, registered] of [
      ['configure', /"credHelpers"/],
      ['configure --creds-store', /"credsStore": "icr"/],
    ] as const) {
      fs.writeFileSync(machine.dockerFile, text);
      // An exit status other than 0 fails the test.
      await machine.fixAndDiagnose(`docker-credential-icr ${command}`);
      const after = fs.readFileSync(machine.dockerFile, 'utf8');
      assert.match(after, registered);
      assert.match(after, '"!canary"');
    }
  }));

for (const rival of rivals) {
  test(`registries.conf: a later list without it: ${JSON.stringify(rival)}`, (cloud) =>
    onMachine(cloud, async (machine) => {
      standIn(machine, 'podman');
      podmanFiles(machine);
      const folder = path.join(machine.home.folder, '.config/containers/registries.conf.d');
      fs.mkdirSync(folder, { recursive: true });
      const list = 'credential-helpers = ["containers-auth.json", "icr"]\n';
      fs.writeFileSync(path.join(folder, 'docker-credential-icr.conf'), list);
      fs.writeFileSync(path.join(folder, 'later.conf'), rival);
      const message = /later\.conf lists other helpers and replaces/;
      const edit = () => fs.writeFileSync(path.join(folder, 'later.conf'), list);
      const expected = { check: 'registries.conf', state: 'warning', message } as const;
      await expectFixed(machine, expected, { edit });
      const left = await machine.doctor();
      const everywhere = /later\.conf names this helper for every registry$/;
      assert.ok(findingIn(left, { check: 'podman', state: 'ok', message: everywhere }));
    }));
}

test.run();
