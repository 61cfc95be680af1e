import * as assert from 'uvu/assert';
import { clientSuite } from './client-suite.ts';
import type { Home } from './home.ts';
import { type Scene, userNames } from './scene.ts';

/** What podman, skopeo and buildah each say in their own way. */
export interface ContainersClient {
  readonly program: string;
  /** Pushes the image of an OCI layout (`oci:FOLDER:TAG`). */
  push(home: Home, source: string, reference: string): Promise<void>;
  /** The command line that pulls, for those who expect it to be refused. */
  pullWords(home: Home, reference: string): readonly string[];
  /** The manifest's digest of what `pullWords` brought. */
  pulledDigest(home: Home, reference: string): Promise<string>;
  /** From one registry to another. */
  copy(home: Home, from: string, to: string): Promise<void>;
  /** Builds the Dockerfile in a folder. */
  readonly buildWords?: (folder: string, tag: string) => readonly string[];
  /** Asks the registry what a reference names, without a pull; returns the manifest's digest. */
  inspect(home: Home, reference: string): Promise<string>;
}

const helper = 'docker-credential-icr';

/** Where these clients look for `credHelpers`, and whether their own `login` writes there. */
const files = [
  { where: 'the file REGISTRY_AUTH_FILE names', name: 'auth.json', variable: true, writes: true },
  { where: 'the runtime folder', name: 'run/containers/auth.json', writes: true },
  { where: '~/.config/containers/auth.json', name: '.config/containers/auth.json', writes: false },
  { where: "Docker's config.json", name: '.docker/config.json', writes: false },
] as const;

type AuthFile = (typeof files)[number];

function configureFile({ env, write }: Home, file: AuthFile): void {
  const hosts = ['us.icr.io', 'de.icr.io', 'icr.io', 'private.us.icr.io'];
  const credHelpers = Object.fromEntries(hosts.map((host) => [host, 'icr']));
  const path = write(file.name, { credHelpers });
  if ('variable' in file) env.REGISTRY_AUTH_FILE = path;
}

export function testContainersClient(client: ContainersClient): void {
  const { program } = client;
  const { test, run } = clientSuite(program, [program, 'docker-registry']);

  const signIn = (home: Home, host: string, key: string) =>
    home.succeed([program, 'login', '-u', 'iamapikey', '--password-stdin', host], key);

  const refused = async (home: Home, reference: string) => {
    const said = await home.fail(client.pullWords(home, reference));
    assert.match(said, /unauthorized|authentication required|denied|not valid/i, said);
  };

  const pull = async ({ home, stored }: Scene, reference: string) => {
    await home.succeed(client.pullWords(home, reference));
    assert.is(await client.pulledDigest(home, reference), stored(reference)?.digest);
  };

  /** Push, pull, copy, inspect: everything for which a client needs a credential. */
  const useRegistries = async (scene: Scene) => {
    const { home, account, layout, stored } = scene;
    const { image, source } = layout();
    const there = `us.icr.io/${account.namespace}/pushed:1`;
    await client.push(home, source, there);
    assert.is(stored(there)?.config, image.config.digest);
    const { reference, image: seeded } = await scene.seed('us.icr.io', account);
    await pull(scene, reference);
    await pull(scene, `private.${reference}`);
    const copy = reference.replace('us.', 'de.');
    await client.copy(home, reference, copy);
    assert.is(stored(copy)?.config, seeded.config.digest);
    assert.is(await client.inspect(home, copy), stored(copy)?.digest);
    assert.equal(userNames(scene.tokenRequests()), ['iamapikey']);
    return reference;
  };

  for (const file of files.filter(({ writes }) => writes)) {
    test(`signs in and out by itself, with credHelpers in ${file.where}`, async (scene) => {
      const { home, account, tokenRequests } = scene;
      configureFile(home, file);
      const key = account.addKey();
      for (const host of ['us.icr.io', 'private.us.icr.io', 'de.icr.io']) {
        await signIn(home, host, key);
      }
      const { stdout } = await home.succeed([program, 'login', 'us.icr.io']);
      assert.match(stdout, /Login Succeeded|Already logged in/i);
      const reference = await useRegistries(scene);
      await home.succeed([program, 'logout', 'us.icr.io']);
      await refused(home, reference);
      await home.fail([program, 'login', '--get-login', 'us.icr.io']);
      assert.equal(userNames(tokenRequests()), [undefined]);
      await home.succeed([program, 'login', 'de.icr.io']);
    });
  }

  for (const file of files) {
    test(`needs nothing but the helper's login, with credHelpers in ${file.where}`, async (scene) => {
      const { home, account, iamRequests } = scene;
      configureFile(home, file);
      await home.succeed([helper, 'login', '--api-key-stdin'], account.addKey());
      assert.ok(iamRequests() > 0, 'the key was not checked');
      const { stdout } = await home.succeed([program, 'login', 'us.icr.io']);
      assert.match(stdout, /Login Succeeded|Already logged in/i);
      const reference = await useRegistries(scene);
      await home.succeed([helper, 'logout', 'us.icr.io']);
      await refused(home, reference);
    });
  }

  test('after a key was rotated fails clearly, until it signs in again', async (scene) => {
    const { home, account, removeKey, tokenRequests } = scene;
    configureFile(home, files[0]);
    const old = account.addKey();
    await signIn(home, 'us.icr.io', old);
    const { reference } = await scene.seed('us.icr.io', account);
    await pull(scene, reference);
    removeKey(old);
    tokenRequests();
    await refused(home, reference);
    const statuses = tokenRequests().map(({ userName, status }) => `${userName} ${status}`);
    assert.equal([...new Set(statuses)], ['iamapikey 401']);
    await home.fail([program, 'login', 'us.icr.io']);
    await signIn(home, 'us.icr.io', account.addKey());
    await pull(scene, reference);
  });

  test("after a key was rotated works again by the helper's login", async (scene) => {
    const { home, account, removeKey } = scene;
    configureFile(home, files[0]);
    const old = account.addKey();
    await home.succeed([helper, 'login', '--api-key-stdin'], old);
    const { reference } = await scene.seed('us.icr.io', account);
    removeKey(old);
    await refused(home, reference);
    await home.succeed([helper, 'login', '--api-key-stdin'], account.addKey());
    await pull(scene, reference);
  });

  test('keeps two accounts apart, each on its own host', async (scene) => {
    const { home, account, addAccount } = scene;
    configureFile(home, files[0]);
    const other = addAccount();
    await home.succeed([helper, 'login', '--api-key-stdin', 'us.icr.io'], account.addKey());
    await signIn(home, 'de.icr.io', other.addKey());
    await pull(scene, (await scene.seed('us.icr.io', account)).reference);
    await pull(scene, (await scene.seed('de.icr.io', other)).reference);
    await refused(home, (await scene.seed('us.icr.io', other)).reference);
    await refused(home, (await scene.seed('de.icr.io', account)).reference);
    assert.equal(userNames(scene.tokenRequests()), ['iamapikey']);
  });

  test('does not keep a key that the registry refused', async (scene) => {
    const { home, account, removeKey } = scene;
    configureFile(home, files[0]);
    const key = account.addKey();
    removeKey(key);
    await home.fail([program, 'login', '-u', 'iamapikey', '--password-stdin', 'us.icr.io'], key);
    await home.fail([helper, 'get'], 'us.icr.io');
  });

  test('pulls a public image without a credential', async (scene) => {
    const { home, addAccount, tokenRequests } = scene;
    configureFile(home, files[0]);
    const { reference } = await scene.seed('icr.io', addAccount({ public: true }));
    await pull(scene, reference);
    assert.equal(userNames(tokenRequests()), [undefined]);
  });

  test('asks the helper for every host where registries.conf names it', async (scene) => {
    const { home, account } = scene;
    // With containers-auth.json before it, that file would take the key.
    home.write('.config/containers/registries.conf', 'credential-helpers = ["icr"]\n');
    const list = async () => JSON.parse((await home.succeed([helper, 'list'])).stdout);
    await signIn(home, 'us.icr.io', account.addKey());
    await signIn(home, 'de.icr.io', account.addKey());
    const { reference } = await scene.seed('us.icr.io', account);
    await pull(scene, reference);
    assert.equal(await list(), { 'us.icr.io': 'iamapikey', 'de.icr.io': 'iamapikey' });
    await home.succeed([program, 'logout', '--all']);
    await refused(home, reference);
    assert.equal(await list(), {});
  });

  const { buildWords } = client;
  if (buildWords !== undefined) {
    test('builds on a private image', async (scene) => {
      const { home, account, tokenRequests } = scene;
      configureFile(home, files[0]);
      await home.succeed([helper, 'login', '--api-key-stdin'], account.addKey());
      const { reference, image } = await scene.seed('us.icr.io', account);
      home.write('context/Dockerfile', `FROM ${reference}\nCOPY Dockerfile /recipe\n`);
      await home.succeed(buildWords(home.file('context'), 'localhost/built'));
      const { stdout } = await home.succeed([
        program,
        'inspect',
        '--type',
        'image',
        'localhost/built',
      ]);
      assert.ok(stdout.includes(image.diffId), stdout);
      assert.equal(userNames(tokenRequests()), ['iamapikey']);
    });
  }

  run();
}
