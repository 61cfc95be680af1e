import * as assert from 'uvu/assert';
import { clientSuite } from './client-suite.ts';
import type { Home } from './home.ts';
import { said } from './run.ts';
import { type Scene, userNames } from './scene.ts';

const helper = 'docker-credential-icr';
const programs = ['docker', 'dockerd', 'docker-registry'];

const signIn = (home: Home, host: string, key: string) =>
  home.succeed(['docker', 'login', '-u', 'iamapikey', '--password-stdin', host], key);

/** What the daemon has of an image; it is shared by all tests, their images are not. */
async function inspect(home: Home, reference: string, format: string): Promise<string> {
  const words = ['docker', 'image', 'inspect', '--format', format, reference];
  return (await home.succeed(words)).stdout.trim();
}

async function pull({ home, stored }: Scene, reference: string): Promise<void> {
  await home.succeed(['docker', 'pull', reference]);
  const digest = `@${stored(reference)?.digest}`;
  const pulled = await inspect(home, reference, '{{.RepoDigests}}');
  assert.ok(pulled.includes(digest), `${digest} is not among ${pulled}`);
}

async function refused(home: Home, reference: string): Promise<void> {
  const words = await home.fail(['docker', 'pull', reference]);
  assert.match(words, /unauthorized|authentication required|denied|not valid/i, words);
}

/** Under a new name, so that the registry has not seen it. */
async function push({ home, stored }: Scene, local: string, reference: string): Promise<void> {
  await home.succeed(['docker', 'tag', local, reference]);
  await home.succeed(['docker', 'push', reference]);
  assert.is(stored(reference)?.config, await inspect(home, local, '{{.Id}}'));
}

/** Builds on a private base, which only the registry has, and pushes the result. */
async function build(scene: Scene, builder: 'legacy' | 'buildkit'): Promise<void> {
  const { home, account } = scene;
  const { reference, image } = await scene.seed('us.icr.io', account);
  home.write(`${builder}/Dockerfile`, `FROM ${reference}\nCOPY Dockerfile /recipe\n`);
  const env = `DOCKER_BUILDKIT=${builder === 'buildkit' ? 1 : 0}`;
  const tag = `${account.namespace}-${builder}`;
  const flags = ['--network', 'host', '--pull', '--tag', tag];
  await home.succeed(['env', env, 'docker', 'build', ...flags, home.file(builder)]);
  const layers = await inspect(home, tag, '{{json .RootFS.Layers}}');
  assert.is(JSON.parse(layers)[0], image.diffId);
  await push(scene, tag, `us.icr.io/${account.namespace}/${builder}:1`);
}

/** Everything for which docker needs a credential. */
async function useRegistry(scene: Scene): Promise<string> {
  const { home, account, stored } = scene;
  const { reference } = await scene.seed('us.icr.io', account);
  await pull(scene, reference);
  const pushed = `us.icr.io/${account.namespace}/pushed:1`;
  await push(scene, reference, pushed);
  const { stdout } = await home.succeed(['docker', 'manifest', 'inspect', pushed]);
  assert.is(JSON.parse(stdout).config.digest, stored(pushed)?.config);
  await build(scene, 'legacy');
  await build(scene, 'buildkit');
  return reference;
}

async function helperHas(home: Home, host: string): Promise<Record<string, string>> {
  return JSON.parse((await home.succeed([helper, 'get'], host)).stdout);
}

const docker = clientSuite('docker', programs, { dockerd: true, identityTokens: false });

docker.test("needs nothing but the helper's login and configure", async (scene) => {
  const { home, account, tokenRequests } = scene;
  await home.succeed([helper, 'login', '--api-key-stdin'], account.addKey());
  await home.succeed([helper, 'configure']);
  await useRegistry(scene);
  assert.equal(userNames(tokenRequests()), ['iamapikey']);
});

docker.test('signs in, again with nothing typed, and out', async (scene) => {
  const { home, account, tokenRequests } = scene;
  await home.succeed([helper, 'configure', '--private']);
  await signIn(home, 'us.icr.io', account.addKey());
  const again = said(await home.succeed(['docker', 'login', 'us.icr.io']));
  assert.match(again, /Login Succeeded/);
  const reference = await useRegistry(scene);
  assert.equal(userNames(tokenRequests()), ['iamapikey']);
  await home.succeed(['docker', 'logout', 'us.icr.io']);
  await refused(home, reference);
  assert.equal(userNames(tokenRequests()), [undefined]);
  await home.fail([helper, 'get'], 'us.icr.io');
});

docker.test("signs out of one host of the helper's login", async (scene) => {
  const { home, account } = scene;
  await home.succeed([helper, 'login', '--api-key-stdin'], account.addKey());
  await home.succeed([helper, 'configure']);
  const { reference } = await scene.seed('us.icr.io', account);
  await pull(scene, reference);
  await home.succeed(['docker', 'logout', 'us.icr.io']);
  await refused(home, reference);
  await pull(scene, (await scene.seed('de.icr.io', account)).reference);
});

docker.test('after a key was rotated fails clearly, until it signs in again', async (scene) => {
  const { home, account, removeKey, tokenRequests } = scene;
  await home.succeed([helper, 'configure']);
  const old = account.addKey();
  await signIn(home, 'us.icr.io', old);
  const { reference } = await scene.seed('us.icr.io', account);
  await pull(scene, reference);
  removeKey(old);
  tokenRequests();
  await refused(home, reference);
  const statuses = tokenRequests().map(({ userName, status }) => `${userName} ${status}`);
  assert.ok(statuses.includes('iamapikey 401'), statuses.join());
  await home.fail(['docker', 'login', 'us.icr.io']);
  await signIn(home, 'us.icr.io', account.addKey());
  await pull(scene, reference);
});

docker.test("after a key was rotated works again by the helper's login", async (scene) => {
  const { home, account, removeKey } = scene;
  await home.succeed([helper, 'configure']);
  const old = account.addKey();
  await home.succeed([helper, 'login', '--api-key-stdin'], old);
  const { reference } = await scene.seed('us.icr.io', account);
  removeKey(old);
  await refused(home, reference);
  await home.succeed([helper, 'login', '--api-key-stdin'], account.addKey());
  await pull(scene, reference);
});

docker.test('keeps two accounts apart, each on its own host', async (scene) => {
  const { home, account, addAccount, tokenRequests } = scene;
  const other = addAccount();
  await home.succeed([helper, 'configure']);
  await home.succeed([helper, 'login', '--api-key-stdin', 'us.icr.io'], account.addKey());
  await signIn(home, 'de.icr.io', other.addKey());
  await pull(scene, (await scene.seed('us.icr.io', account)).reference);
  await pull(scene, (await scene.seed('de.icr.io', other)).reference);
  await refused(home, (await scene.seed('us.icr.io', other)).reference);
  await refused(home, (await scene.seed('de.icr.io', account)).reference);
  assert.equal(userNames(tokenRequests()), ['iamapikey']);
});

docker.test('does not keep a key that the registry refused', async (scene) => {
  const { home, account, removeKey } = scene;
  await home.succeed([helper, 'configure']);
  const key = account.addKey();
  removeKey(key);
  await home.fail(['docker', 'login', '-u', 'iamapikey', '--password-stdin', 'us.icr.io'], key);
  await home.fail([helper, 'get'], 'us.icr.io');
});

docker.test('works with the helper as its one credsStore', async (scene) => {
  const { home, account } = scene;
  home.write('.docker/config.json', { credsStore: 'icr' });
  for (const host of ['us.icr.io', 'de.icr.io']) await signIn(home, host, account.addKey());
  const reference = await useRegistry(scene);
  await home.succeed(['docker', 'logout', 'us.icr.io']);
  await refused(home, reference);
});

docker.test('pulls a public image without a credential', async (scene) => {
  const { home, addAccount, tokenRequests } = scene;
  await home.succeed([helper, 'configure']);
  await pull(scene, (await scene.seed('icr.io', addAccount({ public: true }))).reference);
  assert.equal(userNames(tokenRequests()), [undefined]);
});

docker.run();

const tokens = clientSuite('docker, given identity tokens', programs, { dockerd: true });

tokens.test('signs in with a key, keeps the identity token, and out', async (scene) => {
  const { home, account, addSecret, tokenRequests } = scene;
  await home.succeed([helper, 'configure']);
  await signIn(home, 'us.icr.io', account.addKey());
  const kept = await helperHas(home, 'us.icr.io');
  assert.is(kept.Username, '<token>');
  addSecret(kept.Secret ?? '');
  tokenRequests();
  const reference = await useRegistry(scene);
  // BuildKit tries without any credential first.
  const granted = tokenRequests().filter(({ status }) => status === 200);
  assert.equal([...new Set(granted.map(({ grant }) => grant))], ['refresh_token']);
  await home.succeed(['docker', 'logout', 'us.icr.io']);
  await refused(home, reference);
});

tokens.test("leaves the helper's login in place", async (scene) => {
  const { home, account } = scene;
  const key = account.addKey();
  await home.succeed([helper, 'login', '--api-key-stdin'], key);
  await home.succeed([helper, 'configure']);
  for (const _ of [1, 2]) await home.succeed(['docker', 'login', 'us.icr.io']);
  const kept = await helperHas(home, 'us.icr.io');
  assert.equal(kept, { ServerURL: 'us.icr.io', Username: 'iamapikey', Secret: key });
  await useRegistry(scene);
});

tokens.run();
