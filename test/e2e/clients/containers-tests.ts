import fs from 'node:fs';
import * as assert from 'uvu/assert';
import { testAccounts } from './account-tests.ts';
import {
  type Client,
  expectUnauthorized,
  helper,
  login,
  loginAgain,
  loginWithHelper,
  pull,
} from './client.ts';
import { type ClientSuite, clientSuite } from './client-suite.ts';
import type { Home } from './home.ts';
import { type Scene, userNames } from './scene.ts';
import { withTwoAccounts } from './two-accounts.ts';

/** A client that uses the containers/image library, like podman, skopeo and buildah, which share its files. */
interface ContainersClient extends Client {
  /** Pushes the image of an OCI layout (`oci:FOLDER:TAG`). */
  push(home: Home, source: string, reference: string): Promise<void>;
  /** Copies an image from one registry to another. */
  copy(home: Home, from: string, to: string): Promise<void>;
  /** Returns the manifest digest of an image in the registry, without a pull. */
  inspect(home: Home, reference: string): Promise<string>;
  /** Returns the command line that builds a Dockerfile, if the client can build. */
  readonly buildWords?: (folder: string, tag: string) => readonly string[];
}

interface AuthFile {
  readonly where: string;
  readonly name: string;
  /** Whether the client's own `login` and `logout` use the file. The other files are only read. */
  readonly isWritten: boolean;
}

const named = { where: 'the file REGISTRY_AUTH_FILE names', name: 'auth.json', isWritten: true };
const files: readonly AuthFile[] = [
  named,
  { where: 'the runtime folder', name: 'run/containers/auth.json', isWritten: true },
  { where: '~/.config', name: '.config/containers/auth.json', isWritten: false },
  { where: "Docker's config.json", name: '.docker/config.json', isWritten: false },
];

function configureFile({ env, write }: Home, file: AuthFile): void {
  const hosts = ['us.icr.io', 'de.icr.io', 'icr.io', 'private.us.icr.io'];
  const credHelpers = Object.fromEntries(hosts.map((host) => [host, 'icr']));
  const path = write(file.name, { credHelpers });
  if (file === named) env.REGISTRY_AUTH_FILE = path;
}

/** Uses each command that needs a credential; returns a reference that can be pulled. */
async function useRegistries(client: ContainersClient, scene: Scene): Promise<string> {
  const { home, account, layout, stored } = scene;
  const { image, source } = await layout();
  const pushed = `us.icr.io/${account.namespace}/pushed:1`;
  await client.push(home, source, pushed);
  assert.is(stored(pushed)?.config, image.config.digest);
  const { reference, image: seeded } = await scene.seed('us.icr.io', account);
  await pull(client, scene, reference);
  await pull(client, scene, `private.${reference}`);
  const copy = reference.replace('us.', 'de.');
  await client.copy(home, reference, copy);
  assert.is(stored(copy)?.config, seeded.config.digest);
  assert.is(await client.inspect(home, copy), stored(copy)?.digest);
  assert.equal(userNames(scene.tokenRequests()), ['iamapikey']);
  scene.assertNoSecretLeft();
  return reference;
}

export function testContainersClient(containersClient: ContainersClient): ClientSuite {
  const client = {
    ...containersClient,
    configure: (home: Home) => Promise.resolve(configureFile(home, named)),
  };
  const { program, buildWords } = client;
  const tests = clientSuite(program, [program, 'docker-registry']);
  const { test } = tests;

  test('setup, then a pull: two commands from nothing', async (scene) => {
    const { home, account } = scene;
    const { reference } = await scene.seed('us.icr.io', account);
    const words = ['docker-credential-icr', 'setup', '--api-key-stdin', '--yes', 'us.icr.io'];
    const { stdout } = await home.succeed(words, account.addKey());
    assert.match(stdout, 'us.icr.io issued a token\n');
    scene.tokenRequests();
    await pull(client, scene, reference);
    assert.equal(userNames(scene.tokenRequests()), ['iamapikey']);
  });

  for (const file of files.filter(({ isWritten }) => isWritten)) {
    test(`logs in and out with credHelpers in ${file.where}`, async (scene) => {
      const { home, account, tokenRequests } = scene;
      configureFile(home, file);
      const key = account.addKey();
      const hosts = ['us.icr.io', 'private.us.icr.io', 'de.icr.io'];
      for (const host of hosts) await login(client, home, host, key);
      await loginAgain(client, home, 'us.icr.io');
      const reference = await useRegistries(client, scene);
      await home.succeed([program, 'logout', 'us.icr.io']);
      await expectUnauthorized(client, home, reference);
      assert.equal(userNames(tokenRequests()), [undefined]);
      await home.fail([program, 'login', '--get-login', 'us.icr.io']);
      await loginAgain(client, home, 'de.icr.io');
    });
  }

  for (const file of files) {
    test(`works with only the helper's login and credHelpers in ${file.where}`, async (scene) => {
      const { home, account, iamRequests } = scene;
      configureFile(home, file);
      await loginWithHelper(home, account.addKey());
      assert.ok(iamRequests() > 0, 'IAM was not asked about the key');
      await loginAgain(client, home, 'us.icr.io');
      const reference = await useRegistries(client, scene);
      await home.succeed([helper, 'logout', 'us.icr.io']);
      await expectUnauthorized(client, home, reference);
    });
  }

  test("pulls and logs in after configure --creds-store, with Docker's file", async (scene) => {
    const { home, account } = scene;
    await home.succeed([helper, 'configure', '--creds-store']);
    await loginWithHelper(home, account.addKey());
    const { reference } = await scene.seed('us.icr.io', account);
    await pull(client, scene, reference);
    await loginAgain(client, home, 'us.icr.io');
  });

  test('logs in without XDG_RUNTIME_DIR, and stores no password', async (scene) => {
    const { home, account } = scene;
    delete home.env.XDG_RUNTIME_DIR;
    await home.succeed([helper, 'configure', '--client', 'podman']);
    await login(client, home, 'us.icr.io', account.addKey());
    const file = `/run/containers/${process.getuid?.()}/auth.json`;
    const { auths = {}, credHelpers } = JSON.parse(fs.readFileSync(file, 'utf8'));
    assert.equal(
      Object.values(auths).filter((entry) => Object.keys(entry as object).length > 0),
      [],
    );
    assert.is(credHelpers['us.icr.io'], 'icr');
    const { reference } = await scene.seed('us.icr.io', account);
    await pull(client, scene, reference);
    await home.succeed([program, 'logout', 'us.icr.io']);
    await expectUnauthorized(client, home, reference);
    await home.succeed([helper, 'configure', '--client', 'podman', '--remove']);
  });

  test('uses the helper for all hosts if it is registered in registries.conf', async (scene) => {
    const { home, account } = scene;
    await home.succeed([helper, 'configure', '--client', 'registries.conf']);
    const list = async () => JSON.parse((await home.succeed([helper, 'list'])).stdout);
    const hosts = ['us.icr.io', 'de.icr.io'];
    for (const host of hosts) await login(client, home, host, account.addKey());
    const { reference } = await scene.seed('us.icr.io', account);
    await pull(client, scene, reference);
    assert.equal(await list(), { 'us.icr.io': 'iamapikey', 'de.icr.io': 'iamapikey' });
    await home.succeed([program, 'logout', '--all']);
    await expectUnauthorized(client, home, reference);
    assert.equal(await list(), {});
  });

  if (buildWords !== undefined) {
    test('builds from a private image', async (scene) => {
      const { home, account, tokenRequests } = scene;
      const tag = 'localhost/built';
      await client.configure(home);
      await loginWithHelper(home, account.addKey());
      const { reference, image } = await scene.seed('us.icr.io', account);
      home.write('context/Dockerfile', `FROM ${reference}\nCOPY Dockerfile /recipe\n`);
      await home.succeed(buildWords(home.file('context'), tag));
      const { stdout } = await home.succeed([program, 'inspect', '--type', 'image', tag]);
      assert.ok(stdout.includes(image.diffId), stdout);
      assert.equal(userNames(tokenRequests()), ['iamapikey']);
    });

    test('one build uses two accounts on one host, by names of the helper', (scene) =>
      withTwoAccounts(scene, async ([own, others]) => {
        const { home } = scene;
        const [first, second] = [own.reference, others.reference.replace('/', ':443/')];
        const copy = 'COPY --from=first /greeting /copied';
        home.write('two/Dockerfile', `FROM ${first} AS first\nFROM ${second}\n${copy}\n`);
        const [a, b] = [`icr-${own.identity}`, `icr-${others.identity}`];
        const build = buildWords(home.file('two'), 'localhost/two');
        home.write(named.name, { credHelpers: { 'us.icr.io': b, 'us.icr.io:443': a } });
        home.env.REGISTRY_AUTH_FILE = home.file(named.name);
        await home.fail(build);
        home.write(named.name, { credHelpers: { 'us.icr.io': a, 'us.icr.io:443': b } });
        await home.succeed(build);
      }));
  }

  testAccounts(tests, client);
  return tests;
}
