import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { collect, executable } from '../support/helper.ts';
import { inHome } from '../support/home.ts';

const test = suite('doctor: files of any type');

/** The file types that replace the expected file or directory. */
const kinds = {
  file: (at: string) => fs.writeFileSync(at, '{}', { mode: 0o600 }),
  directory: (at: string) => fs.mkdirSync(at, { mode: 0o700 }),
  fifo: (at: string) => void spawnSync('mkfifo', [at]),
  'dangling link': (at: string) => fs.symlinkSync('/nonexistent/target', at),
  'link loop': (at: string) => fs.symlinkSync(at, at),
  unreadable: (at: string) => fs.writeFileSync(at, '{}', { mode: 0o000 }),
  empty: (at: string) => fs.writeFileSync(at, '', { mode: 0o700 }),
  binary: (at: string) => fs.writeFileSync(at, Buffer.from([0x7f, 0x45, 0, 0xff]), { mode: 0o755 }),
} as const;

type Kind = keyof typeof kinds;

/** Paths below the home that doctor reads; a parent comes before its entries. */
const paths = [
  'home/.docker',
  'home/.docker/config.json',
  'home/.docker/config.json.icr-new',
  'home/.config',
  'home/.config/containers',
  'home/.config/containers/auth.json',
  'home/.config/containers/registries.conf',
  'home/.config/containers/registries.conf.d',
  'home/.config/containers/registries.conf.d/a.conf',
  'home/.config/docker-credential-icr',
  'home/.config/docker-credential-icr/config.json',
  'home/.config/docker-credential-icr/hosts',
  'home/.config/docker-credential-icr/hosts/us.icr.io.json',
  'home/.config/docker-credential-icr/identities',
  'home/.config/docker-credential-icr/identities/work.json',
  'home/.config/docker-credential-icr/signed-out',
  'home/.config/docker-credential-icr/signed-out/us.icr.io',
  'home/.cache',
  'home/.cache/docker-credential-icr',
  'home/.bluemix',
  'home/.bluemix/config.json',
  'run',
  'run/containers',
  'run/containers/auth.json',
  'bin',
  'bin/docker-credential-icr',
  'bin/docker-credential-stub',
  'bin/podman',
  'ca.pem',
  'key.json',
] as const;

/** Each variable, with the path that it may contain. */
const variables = {
  DOCKER_CONFIG: ['home/.docker', 'home/.docker/config.json'],
  XDG_CONFIG_HOME: ['home/.config', 'home/.docker/config.json'],
  XDG_CACHE_HOME: ['home/.cache', 'home/.docker/config.json'],
  XDG_RUNTIME_DIR: ['run', 'home/.docker/config.json'],
  REGISTRY_AUTH_FILE: ['run/containers/auth.json', 'run'],
  DOCKER_CREDENTIAL_ICR_CONFIG_DIR: ['home/.config/docker-credential-icr', 'ca.pem'],
  DOCKER_CREDENTIAL_ICR_CACHE_DIR: ['home/.cache', 'ca.pem'],
  NODE_EXTRA_CA_CERTS: ['ca.pem'],
  SSL_CERT_DIR: ['ca.pem', 'run'],
  HOME: ['home', 'home/.docker/config.json', 'nowhere'],
} as const;

const settings = JSON.stringify({
  identities: { work: { kind: 'api-key', since: 0 } },
  mappings: { '*': { identity: 'work' } },
  ibmcloudSession: true,
});

/** Valid contents of the files. */
const usual: Readonly<Record<string, string>> = {
  'home/.docker/config.json': '{"credsStore": "stub"}',
  'home/.config/docker-credential-icr/config.json': settings,
};

const planted = fc.dictionary(
  fc.constantFrom(...paths),
  fc.constantFrom(...(Object.keys(kinds) as Kind[])),
  { maxKeys: 4 },
);
const named = fc.record(
  Object.fromEntries(
    Object.entries(variables).map(([name, values]) => [name, fc.constantFrom(...values)]),
  ),
  { requiredKeys: [] },
);

test('no check has an internal error, and each error has a hint', () =>
  fc.assert(
    fc.asyncProperty(planted, named, async (given, set) => {
      await inHome(async ({ folder }) => {
        const root = path.join(folder, 'root');
        for (const each of paths) plant(path.join(root, each), given[each], usual[each] ?? '');
        const names = Object.entries({ HOME: 'home', ...set });
        const env = {
          PATH: path.join(root, 'bin'),
          // Invalid, so that no request is sent.
          IBMCLOUD_IAM_API_ENDPOINT: 'http://iam.invalid',
          IC_API_KEY: `@${path.join(root, 'key.json')}`,
          ...Object.fromEntries(names.map(([name, value]) => [name, path.join(root, value)])),
        };
        const child = spawn(executable, ['doctor', '--json'], { cwd: folder, env });
        child.stdin.end();
        const { stdout, stderr, status } = await collect(child);
        // The runtime warns of certificates that it cannot read.
        assert.not.match(stderr, /^docker-credential-icr/m);
        assert.is(status, 1, stdout + stderr);
        for (const { state, message, hint } of JSON.parse(stdout).checks) {
          assert.not.match(message, /internal error of this check|no result within/);
          if (state === 'error') assert.type(hint, 'string', `no hint: ${message}`);
        }
      });
    }),
    { numRuns: 60, endOnFailure: true, includeErrorInReport: true },
  ));

const directories = /\/(\.docker|\.config|\.cache|\.bluemix|registries\.conf\.d|\w[\w-]*)$/;

function plant(at: string, kind: Kind | undefined, content: string): void {
  try {
    fs.mkdirSync(path.dirname(at), { recursive: true, mode: 0o700 });
    if (kind !== undefined) kinds[kind](at);
    else if (directories.test(at) && !at.includes('/bin/')) fs.mkdirSync(at, { mode: 0o700 });
    else if (content !== '') fs.writeFileSync(at, content, { mode: 0o600 });
  } catch {
    // A path below a file cannot be created.
  }
}

test.run();
