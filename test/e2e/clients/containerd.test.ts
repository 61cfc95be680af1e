import * as assert from 'uvu/assert';
import { helper, loginWithHelper } from './client.ts';
import { clientSuite } from './client-suite.ts';
import { watchCommandLines } from './command-lines.ts';
import type { Home } from './home.ts';
import { type Scene, userNames } from './scene.ts';

const programs = ['containerd', 'ctr', 'skopeo', 'script', 'docker-registry'];
const suite = clientSuite('containerd', programs, { containerd: true });

/**
 * The command in docs/containerd.md: ctr prompts for the password and reads it from the terminal that `script`
 * provides.
 */
const pullByPrompt =
  'printf "%s\\n" "$ICR_PASSWORD" | script --quiet --return --echo never --command "ctr images pull --user $ICR_USERNAME $0" /dev/null';
const pullByName = 'ctr images pull --user "$ICR_USERNAME:$ICR_PASSWORD" "$0"';

function pullWords(host: string, command: string, reference: string): string[] {
  return [helper, 'exec', host, '--', 'sh', '-c', command, reference];
}

async function pulledDigest(home: Home, reference: string): Promise<string | undefined> {
  const { stdout } = await home.succeed(['ctr', 'images', 'list', `name==${reference}`]);
  return /sha256:[0-9a-f]{64}/.exec(stdout)?.[0];
}

async function pull(scene: Scene, host: string, command: string, reference: string): Promise<void> {
  const { stdout } = await scene.home.succeed(pullWords(host, command, reference));
  assert.not.match(stdout, 'canary', 'the terminal showed the password');
  const stored = scene.stored(reference.replace(/^private\./, ''));
  assert.is(await pulledDigest(scene.home, reference), stored?.digest);
}

suite.test('pulls with ctr, without the password on a command line', async (scene) => {
  const { home, account, tokenRequests } = scene;
  await loginWithHelper(home, account.addKey());
  const { reference } = await scene.seed('us.icr.io', account);
  const seen = await watchCommandLines(/canary/, () =>
    pull(scene, 'us.icr.io', pullByPrompt, reference),
  );
  assert.equal(seen, []);
  assert.equal([...new Set(userNames(tokenRequests()))], ['iamapikey']);
});

suite.test('pulls with ctr from a private host', async (scene) => {
  const { home, account } = scene;
  await loginWithHelper(home, account.addKey());
  const { reference } = await scene.seed('us.icr.io', account);
  await pull(scene, 'private.us.icr.io', pullByPrompt, `private.${reference}`);
});

suite.test(
  'pulls with ctr and the password on its command line, which other users can read',
  async (scene) => {
    const { home, account } = scene;
    await loginWithHelper(home, account.addKey());
    const { reference } = await scene.seed('us.icr.io', account);
    const seen = await watchCommandLines(/ctr.*canary/, () =>
      pull(scene, 'us.icr.io', pullByName, reference),
    );
    assert.ok(seen.length > 0, 'the password is not on the command line');
  },
);

suite.test('pulls with an access token instead of the key', async (scene) => {
  const { home, account, tokenRequests } = scene;
  const login = ['login', '--present', 'iambearer', '--api-key-stdin'];
  await home.succeed([helper, ...login, '--identity', 'ci', 'us.icr.io'], account.addKey());
  const { reference } = await scene.seed('us.icr.io', account);
  await pull(scene, 'us.icr.io', pullByPrompt, reference);
  assert.equal(userNames(tokenRequests()), ['iambearer']);
});

suite.test('imports an image that skopeo has pulled', async (scene) => {
  const { home, account, stored } = scene;
  await loginWithHelper(home, account.addKey());
  home.write('.docker/config.json', { credHelpers: { 'us.icr.io': 'icr' } });
  const { reference } = await scene.seed('us.icr.io', account);
  const command = `skopeo copy --quiet "docker://$0" "oci-archive:image.tar:$0" && ctr images import image.tar`;
  await home.succeed(['sh', '-c', command, reference]);
  assert.is(await pulledDigest(home, reference), stored(reference)?.digest);
});

suite.test('fails to pull without a credential, or with another account', async (scene) => {
  const { home, account, addAccount } = scene;
  const { reference } = await scene.seed('us.icr.io', account);
  await home.fail(['ctr', 'images', 'pull', reference]);
  await loginWithHelper(home, addAccount().addKey());
  await home.fail(pullWords('us.icr.io', pullByPrompt, reference));
  assert.is(await pulledDigest(home, reference), undefined);
});

suite.run();
