import fs from 'node:fs';
import * as assert from 'uvu/assert';
import { type ConfigurableClient, helper, pull } from './client.ts';
import type { Home } from './home.ts';
import type { Scene } from './scene.ts';

/** Returns a property of an image in the daemon. All tests share the daemon, but not their images. */
async function inspect(home: Home, reference: string, format: string): Promise<string> {
  const words = ['docker', 'image', 'inspect', '--format', format, reference];
  return (await home.succeed(words)).stdout.trim();
}

export const docker: ConfigurableClient = {
  program: 'docker',
  async configure(home) {
    await home.succeed([helper, 'configure']);
  },
  pullWords: (_, reference) => ['docker', 'pull', reference],
  async pulledDigest(home, reference) {
    const digests: string[] = JSON.parse(await inspect(home, reference, '{{json .RepoDigests}}'));
    const repository = reference.replace(/:\w+$/, '@');
    const digest = digests.find((name) => name.startsWith(repository));
    return digest?.slice(repository.length) ?? `none among ${digests}`;
  },
};

/**
 * Makes BuildKit request new registry tokens. The daemon caches them for each host until they expire, also if the
 * account for the host has changed; it recognizes its user by the seed in this file.
 */
export function forgetBuildTokens(home: Home): void {
  fs.rmSync(home.file('.docker/.token_seed'), { force: true });
}

/** Pushes an image under a name that does not exist in the registry yet. */
async function push({ home, stored }: Scene, local: string, reference: string): Promise<void> {
  await home.succeed(['docker', 'tag', local, reference]);
  await home.succeed(['docker', 'push', reference]);
  assert.is(stored(reference)?.config, await inspect(home, local, '{{.Id}}'));
}

/** Builds an image from a private base image, which is only in the registry, and pushes it. */
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

/** Uses each docker command that needs a credential; returns a reference that can be pulled. */
export async function useRegistry(scene: Scene): Promise<string> {
  const { home, account, stored } = scene;
  const { reference } = await scene.seed('us.icr.io', account);
  await pull(docker, scene, reference);
  const pushed = `us.icr.io/${account.namespace}/pushed:1`;
  await push(scene, reference, pushed);
  const { stdout } = await home.succeed(['docker', 'manifest', 'inspect', pushed]);
  assert.is(JSON.parse(stdout).config.digest, stored(pushed)?.config);
  await build(scene, 'legacy');
  await build(scene, 'buildkit');
  scene.assertNoSecretLeft();
  return reference;
}
