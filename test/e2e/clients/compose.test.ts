import * as assert from 'uvu/assert';
import { type Client, expectUnauthorized, helper, login, loginWithHelper } from './client.ts';
import { clientSuite } from './client-suite.ts';
import { docker } from './docker-client.ts';
import type { Home } from './home.ts';
import { otherRegistry } from './hosts.ts';
import { type Scene, userNames } from './scene.ts';

// Debian's docker-compose uses docker-py, which calls the helper itself, without `docker`.

const programs = ['docker-compose', 'docker', 'dockerd', 'docker-registry'];

function compose(home: Home, command: string, service: object): readonly string[] {
  const project = home.write('compose.json', { version: '3', services: { it: service } });
  return ['docker-compose', '--file', project, '--project-name', 'demo', command];
}

const client: Client = {
  ...docker,
  program: 'docker-compose',
  pullWords: (home, reference) => compose(home, 'pull', { image: reference }),
};

async function pull({ home, stored }: Scene, reference: string): Promise<void> {
  await home.succeed(client.pullWords(home, reference));
  assert.is(await client.pulledDigest(home, reference), stored(reference)?.digest);
}

/** Builds an image from a private base image, which is only in the registry, and pushes it. */
async function buildAndPush(scene: Scene): Promise<void> {
  const { home, account, stored } = scene;
  const { reference } = await scene.seed('us.icr.io', account);
  home.write('context/Dockerfile', `FROM ${reference}\nCOPY Dockerfile /recipe\n`);
  const build = { context: home.file('context'), network: 'host' };
  const service = { image: `us.icr.io/${account.namespace}/composed:1`, build };
  await home.succeed(compose(home, 'build', service));
  await home.succeed(compose(home, 'push', service));
  assert.ok(stored(service.image), 'the image was pushed');
}

const suite = clientSuite('docker-compose', programs, {
  dockerd: true,
  identityTokens: false,
});

suite.test("pulls, builds and pushes with the helper's login and configure", async (scene) => {
  const { home, account, tokenRequests } = scene;
  await loginWithHelper(home, account.addKey());
  await docker.configure(home);
  const { reference } = await scene.seed('us.icr.io', account);
  await pull(scene, reference);
  await buildAndPush(scene);
  assert.equal(userNames(tokenRequests()), ['iamapikey']);
});

suite.test("fails after the helper's logout", async (scene) => {
  const { home, account } = scene;
  await loginWithHelper(home, account.addKey());
  await docker.configure(home);
  const { reference } = await scene.seed('us.icr.io', account);
  await home.succeed([helper, 'logout', 'us.icr.io']);
  await expectUnauthorized(client, home, reference);
});

suite.test('works with ICR and another registry if the helper is the credsStore', async (scene) => {
  const { home, account } = scene;
  home.write('.docker/config.json', { credsStore: 'icr' });
  await loginWithHelper(home, account.addKey());
  await login(docker, home, otherRegistry, account.addKey());
  await pull(scene, (await scene.seed('us.icr.io', account)).reference);
  await buildAndPush(scene);
  const other = `${otherRegistry}/demo/hello:1`;
  await home.succeed(client.pullWords(home, other));
  await home.succeed(['docker', 'image', 'rm', other]);
  await home.succeed(['docker', 'logout', otherRegistry]);
  await home.fail(client.pullWords(home, other));
});

suite.run();
