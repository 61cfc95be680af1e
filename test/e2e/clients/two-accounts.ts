import { helper } from './client.ts';
import type { Scene } from './scene.ts';

export interface OwnedImage {
  readonly identity: string;
  readonly reference: string;
}

/** Logs in with two accounts, each as an identity with its own helper; each has an image on us.icr.io. */
export async function withTwoAccounts(
  scene: Scene,
  use: (images: readonly [OwnedImage, OwnedImage]) => Promise<void>,
): Promise<void> {
  const { home, account, addAccount } = scene;
  const images: OwnedImage[] = [];
  const configure = [helper, 'configure', '--identity'];
  try {
    for (const owner of [account, addAccount()]) {
      const identity = owner.namespace;
      const key = owner.addKey();
      await home.succeed([helper, 'login', '--identity', identity, '--api-key-stdin'], key);
      const { reference } = await scene.seed('us.icr.io', owner);
      images.push({ identity, reference });
      // The link is beside the executable, where all tests of this run create theirs.
      await home.succeed([...configure, identity, '--host', 'us.icr.io']);
    }
    const [own, others] = images;
    if (own !== undefined && others !== undefined) await use([own, others]);
  } finally {
    home.write('.docker/config.json', {});
    for (const { identity } of images) await home.succeed([...configure, identity, '--remove']);
  }
}
