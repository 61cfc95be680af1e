import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Result, runCheck } from '../../src/cli/doctor/check.ts';
import { checksFor, prepareInput } from '../../src/cli/doctor/doctor.ts';
import { isAccessible } from '../../src/files/file-facts.ts';
import { processContext } from '../../src/process-context.ts';
import { executable } from '../support/helper.ts';
import { type Home, inHome, writeConfig, writeIdentity } from '../support/home.ts';
import { writeDockerFile, writeProgram } from './doctor-world.ts';

const test = suite('doctor: kinds of files');

type Kind = (file: string) => void;

/** What may be in the place of a file or directory. */
const kinds: Readonly<Record<string, Kind>> = {
  'an empty file': (file) => fs.writeFileSync(file, ''),
  'a text': (file) => fs.writeFileSync(file, 'hello\n'),
  'JSON of another type': (file) => fs.writeFileSync(file, '[1]'),
  'JSON that is nested too deeply': (file) => fs.writeFileSync(file, '['.repeat(100_000)),
  'a binary file': (file) => fs.writeFileSync(file, Buffer.from([...Array(256).keys()])),
  'Latin-1': (file) => fs.writeFileSync(file, Buffer.from('{"a": "\xe4"}', 'latin1')),
  'a huge file': (file) => {
    fs.writeFileSync(file, '');
    fs.truncateSync(file, 5 * 1024 ** 3);
  },
  'a directory': (file) => fs.mkdirSync(file),
  'a FIFO': (file) => run('mkfifo', file),
  'a symlink to itself': (file) => fs.symlinkSync(path.basename(file), file),
  'a dangling symlink': (file) => fs.symlinkSync('/nonexistent/directory/file', file),
  'a device': (file) => fs.symlinkSync('/dev/zero', file),
  'an unreadable file': (file) => fs.writeFileSync(file, '{}', { mode: 0 }),
  'an unreadable directory': (file) => fs.mkdirSync(file, { mode: 0 }),
};

function run(program: string, ...words: readonly string[]): void {
  assert.is(spawnSync(program, words).status, 0, program);
}

/** Places below the home directory. */
const places = [
  '',
  '.docker',
  '.docker/config.json',
  '.docker/buildx/config',
  '.docker/buildx/config/us.icr.io/ns/config.json',
  '.config',
  '.config/containers',
  '.config/containers/auth.json',
  '.config/containers/registries.conf',
  '.config/containers/registries.conf.d',
  '.config/containers/registries.conf.d/a.conf',
  '.config/docker-credential-icr',
  '.config/docker-credential-icr/config.json',
  '.config/docker-credential-icr/identities',
  '.config/docker-credential-icr/identities/work.json',
  '.config/docker-credential-icr/hosts',
  '.config/docker-credential-icr/hosts/us.icr.io.json',
  '.config/docker-credential-icr/signed-out',
  '.cache',
  '.cache/docker-credential-icr',
  '.bluemix/config.json',
  '.local/bin',
  '.local/bin/docker-credential-stub',
  '.local/bin/docker-credential-icr-work',
];

/** Variables, whose value is a new path. */
const variables = [
  'DOCKER_CONFIG',
  'REGISTRY_AUTH_FILE',
  'CONTAINERS_REGISTRIES_CONF',
  'XDG_CONFIG_HOME',
  'XDG_CACHE_HOME',
  'XDG_RUNTIME_DIR',
  'DOCKER_CREDENTIAL_ICR_CONFIG_DIR',
  'DOCKER_CREDENTIAL_ICR_CACHE_DIR',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
  'BUILDX_CONFIG',
];

type Env = Record<string, string | undefined>;

/** Creates each file that doctor reads. */
function furnish(home: Home): Env {
  const write = (name: string, text: string) => {
    const file = path.join(home.folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  };
  writeIdentity(home);
  const settings = JSON.parse(fs.readFileSync(path.join(home.config, 'config.json'), 'utf8'));
  writeConfig(home, 'config.json', JSON.stringify({ ...settings, ibmcloudSession: true }));
  const credential = { ServerURL: 'us.icr.io', Username: 'iamapikey', Secret: 'canary' };
  writeConfig(home, 'hosts/us.icr.io.json', JSON.stringify(credential));
  fs.mkdirSync(path.join(home.config, 'signed-out'), { mode: 0o700 });
  write(
    '.docker/buildx/config/us.icr.io/ns/config.json',
    '{"credHelpers":{"us.icr.io":"icr-work"}}',
  );
  writeDockerFile(path.join(home.folder, '.docker/config.json'), { credsStore: 'stub' });
  write('.config/containers/registries.conf', '');
  write('.config/containers/registries.conf.d/a.conf', 'credential-helpers = ["pass"]\n');
  writeDockerFile(path.join(home.folder, '.config/containers/auth.json'), {});
  write('.bluemix/config.json', '{}');
  fs.mkdirSync(path.join(home.folder, '.cache/docker-credential-icr'), {
    recursive: true,
    mode: 0o700,
  });
  const bin = path.join(home.folder, '.local/bin');
  fs.mkdirSync(bin, { recursive: true });
  fs.symlinkSync(executable, path.join(bin, 'docker-credential-icr'));
  fs.symlinkSync(executable, path.join(bin, 'docker-credential-icr-work'));
  writeProgram({ bin }, 'docker-credential-stub', 'echo "{}"');
  writeProgram({ bin }, 'podman', '');
  writeProgram({ bin }, 'docker', '');
  // With an invalid proxy, no request is sent.
  return { HOME: home.folder, PATH: bin, HTTPS_PROXY: 'none://' };
}

/** Checks of the network, and of the executable, which does not run in this test. */
const otherChecks = /^(?:helper|IAM|clock|proxy)$/;

async function diagnose(env: Env): Promise<Result[]> {
  const context = { ...processContext(), env, now: Date.now, warn: () => {} };
  const input = await prepareInput(context);
  const checks = checksFor(input, {}).filter(({ name }) => !otherChecks.test(name));
  return (await Promise.all(checks.map((check) => runCheck(check, input)))).flat();
}

/** Commands that need neither a network nor an answer. */
const localFix = /^run ((?:rm|mv|chmod|mkdir|unset|export) (?:(?!docker-credential-icr [a-z]).)*)$/;

/** Runs the command in a shell, and returns its environment. */
function fixed(env: Env, command: string): Env {
  const { status, stdout, stderr } = spawnSync(
    '/bin/sh',
    ['-c', `{ ${command}; } >&2 </dev/null && /usr/bin/env -0`],
    { env: { ...env, PATH: `${env.PATH}:/usr/bin:/bin` }, encoding: 'utf8' },
  );
  assert.is(status, 0, `${command}: ${stderr}`);
  const entries = stdout.split('\0').map((line) => line.split('=') as [string, ...string[]]);
  const after = Object.fromEntries(entries.map(([name, ...rest]) => [name, rest.join('=')]));
  return Object.fromEntries(
    ['HOME', 'PATH', 'HTTPS_PROXY', ...variables].map((name) => [
      name,
      name === 'PATH' ? env.PATH : after[name],
    ]),
  );
}

const isBad = ({ state }: Result) => state === 'error' || state === 'warning';
const titleOf = ({ name, message }: Result) => `${name}: ${message}`;

/** Every problem has a hint, and each command that changes only files and variables fixes its problem. */
async function expectFindings(givenEnv: Env, home: Home): Promise<void> {
  let env = givenEnv;
  const before = snapshotOf(home);
  const results = await diagnose(env);
  assert.equal(snapshotOf(home), before, 'doctor changed something');
  for (const result of results.filter(isBad)) {
    assert.not.match(result.message, /internal error|no result within/);
    assert.type(result.hint, 'string', titleOf(result));
    assert.not.match(`${result.message} ${result.hint}`, /canary|check its type|check the owner/);
  }
  let left = results.filter(isBad).map(titleOf);
  for (const result of results.filter(isBad)) {
    const [, command] = localFix.exec(result.hint ?? '') ?? [];
    // An earlier command may have fixed it.
    if (command === undefined || !left.includes(titleOf(result))) continue;
    env = fixed(env, command);
    left = (await diagnose(env)).filter(isBad).map(titleOf);
    assert.not.ok(left.includes(titleOf(result)), `${result.hint} did not fix ${titleOf(result)}`);
  }
}

/** Path, type, mode, size, time and link of each entry. Files are not read: some are huge, closed or FIFOs. */
function snapshotOf({ folder }: Home): string {
  const format = '%p %y %m %s %T@ %l\n';
  return spawnSync('find', [folder, '-printf', format], { encoding: 'utf8' }).stdout;
}

/** Root reads files of every mode, unless it has no capabilities. */
const readsAll = await inHome(({ folder }) => {
  const file = path.join(folder, 'closed');
  fs.writeFileSync(file, '', { mode: 0 });
  return isAccessible(file, fs.constants.R_OK);
});
const usable = Object.entries(kinds).filter(([name]) => !readsAll || !name.includes('unreadable'));

for (const place of places) {
  test(`finds and fixes each kind of file at ~/${place}`, async () => {
    for (const [name, make] of usable) {
      await inHome(async (home) => {
        const env = furnish(home);
        if (place === '')
          return expectAt(path.join(home.folder, 'other'), (file) => ({ ...env, HOME: file }));
        const file = path.join(home.folder, place);
        fs.rmSync(file, { recursive: true });
        return expectAt(file, () => env);

        async function expectAt(target: string, envFor: (target: string) => Env) {
          make(target);
          await named(home, name, () => expectFindings(envFor(target), home));
        }
      });
    }
  });
}

for (const variable of variables) {
  test(`finds and fixes each kind of file that ${variable} names`, async () => {
    for (const [name, make] of usable) {
      for (const value of ['other', 'other/config.json']) {
        await inHome(async (home) => {
          const file = path.join(home.folder, value);
          const env = { ...furnish(home), [variable]: file };
          fs.mkdirSync(path.dirname(file), { recursive: true });
          make(file);
          await named(home, `${value}: ${name}`, () => expectFindings(env, home));
        });
      }
    }
  });
}

/** Names the kind in the error, and opens directories, so that they can be removed. */
async function named(home: Home, what: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (error instanceof Error) error.message = `${what}: ${error.message}`;
    throw error;
  } finally {
    run('chmod', '-R', 'u+rwX', home.folder);
  }
}

test.run();
