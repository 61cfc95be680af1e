import * as assert from 'uvu/assert';
import { helper, loginWithHelper } from './client.ts';
import { clientSuite } from './client-suite.ts';
import { docker, forgetBuildTokens } from './docker-client.ts';
import { cacheOldToken, delayLayer } from './long-build-tests.ts';
import { type Scene, userNames } from './scene.ts';
import { withTwoAccounts } from './two-accounts.ts';

const programs = ['docker', 'docker-buildx', 'dockerd', 'docker-registry'];
const suite = clientSuite('buildx', programs, { dockerd: true, identityTokens: false });

const build = ['docker', 'buildx', 'build', '--network', 'host', '--pull', '--no-cache'];

/** Writes a Dockerfile that copies a file from the first image into the second; returns its directory. */
function writeStages({ home }: Scene, first: string, second: string): string {
  const copy = 'COPY --from=first /greeting /copied';
  home.write('stages/Dockerfile', `FROM ${first} AS first\nFROM ${second}\n${copy}\n`);
  return home.file('stages');
}

suite.test('builds from two hosts, pushes the image, and copies it', async (scene) => {
  const { home, account, addAccount, stored, tokenRequests } = scene;
  const other = addAccount();
  await docker.configure(home);
  await loginWithHelper(home, account.addKey(), 'us.icr.io');
  await loginWithHelper(home, other.addKey(), 'de.icr.io');
  const [first, second] = [
    await scene.seed('us.icr.io', account),
    await scene.seed('de.icr.io', other),
  ];
  const folder = writeStages(scene, first.reference, second.reference);
  const target = `us.icr.io/${account.namespace}/built:1`;
  await home.succeed([...build, '--push', '--tag', target, folder]);
  assert.ok(stored(target));
  const copy = `us.icr.io/${account.namespace}/copied:1`;
  await home.succeed(['docker', 'buildx', 'imagetools', 'create', '--tag', copy, target]);
  assert.ok(stored(copy));
  const bakeFile = home.write('bake.json', {
    target: { default: { context: folder, tags: [`${target}-baked`] } },
  });
  await home.succeed(['docker', 'buildx', 'bake', '--file', bakeFile, '--push']);
  assert.ok(stored(`${target}-baked`));
  assert.equal(
    userNames(tokenRequests()).filter((name) => name !== undefined),
    ['iamapikey'],
  );
});

suite.test('one build uses two accounts on one host, by names of the helper', (scene) =>
  withTwoAccounts(scene, async ([own, others]) => {
    const { home, stored } = scene;
    const folder = writeStages(scene, own.reference, others.reference.replace('/', ':443/'));
    const target = `us.icr.io/${own.identity}/built:1`;
    const command = [...build, '--push', '--tag', target, folder];
    const [a, b] = [`icr-${own.identity}`, `icr-${others.identity}`];
    home.write('.docker/config.json', { credHelpers: { 'us.icr.io': b, 'us.icr.io:443': a } });
    await home.fail(command);
    home.write('.docker/config.json', { credHelpers: { 'us.icr.io': a, 'us.icr.io:443': b } });
    // The daemon has a token of the other account.
    await home.fail(command);
    forgetBuildTokens(home);
    await home.succeed(command);
    assert.ok(stored(target));
  }),
);

/** Builds and pushes an image. The pull of its base image takes until the old token has expired. */
async function buildAndPush(scene: Scene, tag: string, fails: boolean) {
  const { home, account, tokenRequests } = scene;
  const expiry = await cacheOldToken(scene);
  const base = await scene.seed('us.icr.io', account);
  home.write('long/Dockerfile', `FROM ${base.reference}\nCOPY Dockerfile /recipe\n`);
  delayLayer(scene, base, expiry);
  tokenRequests();
  const target = `us.icr.io/${account.namespace}/${tag}:1`;
  const command = [...build, '--push', '--tag', target, home.file('long')];
  const output = fails ? await home.fail(command) : (await home.succeed(command)).stderr;
  const statuses = tokenRequests().map(({ userName, status }) => `${userName} ${status}`);
  return { output, statuses };
}

/** buildx keeps a credential for almost five minutes, and requests the token for the push after the build. */
suite.test(
  'a build that ends after the cached token expires needs --min-lifetime',
  async (scene) => {
    const { home, account } = scene;
    await docker.configure(home);
    const login = [helper, 'login', '--identity', 'ci', '--present', 'iambearer'];
    await home.succeed([...login, '--api-key-stdin'], account.addKey());
    const short = await buildAndPush(scene, 'short', true);
    assert.match(short.output, /401|unauthorized/i);
    assert.is(short.statuses.at(-1), 'iambearer 401');
    await home.succeed([helper, 'map', '*', 'ci', '--min-lifetime', '45m']);
    const long = await buildAndPush(scene, 'long', false);
    assert.equal([...new Set(long.statuses)], ['iambearer 200']);
  },
);

suite.run();
