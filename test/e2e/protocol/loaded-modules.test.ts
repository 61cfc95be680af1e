import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { answer, credential, helper, notFound } from '../../support/helper.ts';
import { type Home, inHome, writeConfig, writeIdentity } from '../../support/home.ts';

const test = suite('loaded modules');

const root = path.resolve(import.meta.dirname, '../../..');
const main = path.join(root, 'src', 'main.ts');
const logModules = path.join(root, 'test', 'support', 'log-modules.ts');

/** Runs the source, not the executable: its modules are still apart. */
function modulesOf(home: Home, typed: string | readonly string[], input: string, env = {}) {
  const words = ['--preload', logModules, main, ...[typed].flat()];
  const { stdout, stderr } = spawnSync(process.execPath, words, {
    input,
    cwd: home.folder,
    env: { ...home.env, ...env },
    encoding: 'utf8',
  });
  const loaded = stderr.split('\n').filter((line) => line.startsWith('loaded '));
  return { stdout, modules: loaded.map((line) => path.relative(root, line.slice(7))) };
}

const kubeletModules: readonly string[] = [
  'src/iam/cached-token.ts',
  'src/identity/expiry.ts',
  'src/identity/profile.ts',
  'src/kubernetes/keyring-key.ts',
  'src/kubernetes/kubelet.ts',
  'src/kubernetes/node-identity.ts',
  'src/kubernetes/provide.ts',
  'src/kubernetes/provider-request.ts',
  'src/kubernetes/provider-response.ts',
].sort();

const rows: readonly [verb: string, input: string, stdout: string, env?: object][] = [
  ['get', 'us.icr.io', answer('us.icr.io', 'iamapikey', 'canary-root')],
  ['get', 'registry.example', answer('registry.example')],
  ['get', 'other.example', notFound.stdout],
  ['get', 'uk.icr.io', notFound.stdout],
  ['get', 'uk.icr.io', answer('uk.icr.io'), { IBMCLOUD_API_KEY: 'canary' }],
  ['get', 'a@b', 'invalid ServerURL: it has a user name before the host\n'],
  ['store', credential('de.icr.io'), ''],
  ['erase', 'de.icr.io', ''],
  ['list', '', '{"registry.example":"iamapikey","us.icr.io":"iamapikey"}\n'],
];

for (const [verb, input, stdout, env] of rows) {
  test(`${verb} ${input}, ${Object.keys(env ?? {})}: loads only modules of the fast path`, () =>
    inHome((home) => {
      writeIdentity(home, 'canary-root', { 'us.icr.io': { identity: 'work' } });
      helper(home, 'store', credential('registry.example'));
      const found = modulesOf(home, verb, input, env);
      assert.is(found.stdout, stdout);
      assert.ok(found.modules.includes('src/main.ts'), found.modules.join());
      const others = found.modules.filter(
        (file) => !/^src\/[^/]*\.ts$|^src\/(?!cli\/|clients\/)/.test(file),
      );
      assert.equal(others, []);
    }));
}

const request = JSON.stringify({
  apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
  kind: 'CredentialProviderRequest',
  image: 'us.icr.io/ns/image',
});

/** The modules that a response to the kubelet loads in addition to those of `get`. */
test('kubelet: loads exactly these modules', () =>
  inHome((home) => {
    writeIdentity(home, 'canary-root', { 'us.icr.io': { identity: 'work' } });
    const get = modulesOf(home, 'get', 'us.icr.io').modules;
    const { stdout, modules } = modulesOf(home, 'kubelet', request);
    assert.match(stdout, 'canary-root');
    const added = modules.filter((file) => !get.includes(file)).sort();
    assert.equal(added, kubeletModules);
  }));

test('damaged settings and version: load no other modules', () =>
  inHome((home) => {
    writeConfig(home, 'config.json', '{');
    for (const verb of ['get', 'list', 'version']) {
      const { modules } = modulesOf(home, verb, 'us.icr.io');
      assert.not.match(modules.join(), /node_modules|src\/cli|src\/clients/);
    }
  }));

/** Modules of src/cli that every command of yargs needs, then what is needed for `--help` and for `status`. */
const forAll = ['cli', 'commands', 'typed-command', 'usage-error', 'yargs'];
const forStatus = [
  'host-arguments',
  'expiry-notice',
  'named-helper',
  'output',
  'setting-table',
  'status/status',
  'status/status-data',
  'status/status-json',
  'status/status-rows',
  'status/status-text',
];
const loadedFor: readonly (readonly [words: readonly string[], names: readonly string[]])[] = [
  [['status'], [...forAll, ...forStatus]],
  [
    ['status', '--help'],
    [...forAll, ...forStatus, 'help'],
  ],
  [['--help'], [...forAll, 'help']],
];

for (const [words, names] of loadedFor) {
  test(`${words.join(' ')}: loads yargs and no other command's module`, () =>
    inHome((home) => {
      const { modules } = modulesOf(home, words, '');
      const expected = names.map((name) => `src/cli/${name}.ts`).sort();
      assert.equal(modules.filter((file) => file.startsWith('src/cli/')).sort(), expected);
      assert.match(modules.join(), 'node_modules/yargs/');
    }));
}

test('login --help: loads no modules for requests', () =>
  inHome((home) => {
    const { modules } = modulesOf(home, ['login', '--help'], '');
    assert.not.match(modules.join(), /node_modules\/axios|src\/http\//);
  }));

test("a command of a group loads only its own group's modules", () =>
  inHome((home) => {
    const { modules } = modulesOf(home, ['registry-token', 'list', '--help'], '');
    const commands = modules.filter((file) => /^src\/cli\/(?:api-key|status|login)/.test(file));
    assert.equal(commands, []);
    assert.ok(modules.includes('src/cli/registry-token.ts'), modules.join());
  }));

interface Graph {
  readonly inputs: Readonly<Record<string, { readonly imports: readonly Import[] }>>;
}

interface Import {
  readonly path: string;
  readonly kind: string;
  readonly external?: boolean;
}

/** The built-in modules of the fast path of `get`, and the additional ones of other machine commands. */
const entries = {
  'src/main.ts': [],
  'src/protocol/store.ts': ['node:fs', 'node:path'],
  'src/protocol/list.ts': ['node:fs', 'node:path'],
  'src/kubernetes/kubelet.ts': ['node:util'],
};

test('static imports are node:fs, node:path or modules of src', () =>
  inHome(({ folder }) => {
    const metafile = path.join(folder, 'graph.json');
    const out = ['--outdir', path.join(folder, 'out'), `--metafile=${metafile}`];
    const words = ['build', main, '--target=node', '--splitting', ...out];
    execFileSync(process.execPath, words, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
    const { inputs }: Graph = JSON.parse(fs.readFileSync(metafile, 'utf8'));
    for (const [entry, builtins] of Object.entries(entries)) {
      const { own, foreign } = importedAtStart(inputs, entry);
      assert.equal([...foreign].sort(), builtins);
      assert.ok(own.size > 12, `${own.size} files`);
      for (const file of own) assert.match(file, /^src\/(?!cli\/|clients\/)/);
    }
  }));

/** Returns the modules that `entry` imports statically, directly or indirectly. */
function importedAtStart(inputs: Graph['inputs'], entry: string) {
  const own = new Set([entry]);
  const foreign = new Set<string>();
  for (const file of own) {
    for (const { path, kind, external } of inputs[file]?.imports ?? []) {
      if (kind === 'dynamic-import') continue;
      if (external) foreign.add(path);
      else own.add(path);
    }
  }
  return { own, foreign };
}

test.run();
