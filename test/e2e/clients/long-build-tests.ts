import fs from 'node:fs';
import * as assert from 'uvu/assert';
import { helper } from './client.ts';
import type { ClientSuite } from './client-suite.ts';
import { docker } from './docker-client.ts';
import type { Scene, Seeded } from './scene.ts';

const minute = 60_000;
/** The lifetime of the access token that is cached before the build. */
const oldTokenSeconds = 2;

/**
 * Caches an access token that expires in some seconds in the simulator, and after 35 minutes according to the cache.
 * Returns when it has expired for the simulator, in milliseconds since 1970.
 */
export async function cacheOldToken({ sandbox: { lifetimes }, home }: Scene): Promise<number> {
  const { accessToken } = lifetimes;
  lifetimes.accessToken = oldTokenSeconds;
  await home.succeed([helper, 'get'], 'us.icr.io');
  lifetimes.accessToken = accessToken;
  const file = home.file('.cache/docker-credential-icr/ci.json');
  const entry = JSON.parse(fs.readFileSync(file, 'utf8'));
  const now = Date.now();
  const aged = { ...entry, issuedAt: now - 25 * minute, expiresAt: now + 35 * minute };
  fs.writeFileSync(file, JSON.stringify(aged));
  // The simulator's times are whole seconds.
  return now + (oldTokenSeconds + 1) * 1000;
}

/** Sends the layer of an image only after a time, in milliseconds since 1970. */
export function delayLayer({ sandbox }: Scene, { reference, image }: Seeded, time: number): void {
  const until = new Promise((resolve) => setTimeout(resolve, Math.max(0, time - Date.now())));
  const repository = reference.replace(/^[^/]+\/|:\d+$/g, '');
  const path = `/v2/${repository}/blobs/${image.layer.digest}`;
  sandbox.faults.add('registry', { kind: 'delay', path, until });
}

/**
 * Builds from two private images. The pull of the first takes until the old token has expired. Returns the output, and
 * the status of each request for a registry token.
 */
async function build(scene: Scene, expiry: number) {
  const { home, account, tokenRequests } = scene;
  const [first, second] = [
    await scene.seed('us.icr.io', account),
    await scene.seed('us.icr.io', account),
  ];
  const copy = 'COPY --from=first /greeting /copied';
  home.write(
    'long/Dockerfile',
    `FROM ${first.reference} AS first\nFROM ${second.reference}\n${copy}\n`,
  );
  delayLayer(scene, first, expiry);
  tokenRequests();
  const words = ['docker', 'build', '--network', 'host', '--pull', home.file('long')];
  const command = ['env', 'DOCKER_BUILDKIT=0', ...words];
  return {
    run: () => home.succeed(command),
    fail: () => home.fail(command),
    statuses: () => tokenRequests().map(({ userName, status }) => `${userName} ${status}`),
  };
}

/** `docker build` without BuildKit requests credentials once, and sends them to the daemon for the whole build. */
export function testLongBuilds({ test }: ClientSuite): void {
  test('a build that takes longer than the cached token lives needs --min-lifetime', async (scene) => {
    const { home, account } = scene;
    await docker.configure(home);
    const login = [helper, 'login', '--identity', 'ci', '--present', 'iambearer'];
    await home.succeed([...login, '--api-key-stdin'], account.addKey());
    const short = await build(scene, await cacheOldToken(scene));
    assert.match(await short.fail(), /unauthorized/);
    assert.is(short.statuses().at(-1), 'iambearer 401');
    await home.succeed([helper, 'map', '*', 'ci', '--min-lifetime', '45m']);
    const long = await build(scene, await cacheOldToken(scene));
    await long.run();
    assert.equal(long.statuses(), ['iambearer 200', 'iambearer 200']);
  });
}
