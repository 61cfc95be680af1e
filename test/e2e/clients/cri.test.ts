import * as assert from 'uvu/assert';
import type { Pod } from '../../kubelet/api-server.ts';
import { createCluster } from '../../kubelet/cluster.ts';
import { readProviderConfig } from '../../kubelet/config.ts';
import { execPlugin, type PluginRequest } from '../../kubelet/exec-plugin.ts';
import { createKubelet, type Kubelet } from '../../kubelet/kubelet.ts';
import { helper, loginWithHelper } from './client.ts';
import { clientSuite } from './client-suite.ts';
import { connectRuntime, type Runtime } from './cri-client.ts';
import { helperFolder, searchPath } from './programs.ts';
import { type Scene, userNames } from './scene.ts';

const suite = clientSuite("containerd's CRI", ['containerd', 'docker-registry'], {
  containerd: true,
});

interface Machine {
  readonly kubelet: Kubelet;
  readonly runtime: Runtime;
  readonly cluster: ReturnType<typeof createCluster>;
}

/**
 * Calls `use` with a kubelet that is configured with the output of `kubernetes config`, and with a container runtime.
 */
async function onMachine(
  scene: Scene,
  words: readonly string[],
  use: (machine: Machine) => Promise<void>,
): Promise<void> {
  const { home, sandbox } = scene;
  const { stdout } = await home.succeed([helper, 'kubernetes', 'config', ...words]);
  const [provider] = readProviderConfig(stdout).providers;
  if (provider === undefined) throw new Error('no provider');
  // Without HOME: systemd starts a kubelet without it.
  const environ = { PATH: searchPath.join(':'), SSL_CERT_FILE: sandbox.caFile };
  const execution = { provider, binDir: helperFolder, environ };
  const exec = (request: PluginRequest) => execPlugin(execution, request);
  const cluster = createCluster(sandbox);
  const kubelet = createKubelet({ provider, exec, apiServer: cluster.apiServer });
  const runtime = connectRuntime(home.env.CONTAINERD_ADDRESS ?? '');
  try {
    await use({ kubelet, runtime, cluster });
  } finally {
    runtime.close();
  }
}

/** Pulls with each credential in turn, as the kubelet does, and finally without one. */
async function pull({ kubelet, runtime }: Machine, reference: string, pod?: Pod): Promise<string> {
  const credentials = await kubelet.credentials(reference.replace(/:\w+$/, ''), pod);
  for (const auth of credentials) {
    const pulled = await runtime.pullImage(reference, auth).catch(() => undefined);
    if (pulled !== undefined) return pulled;
  }
  return await runtime.pullImage(reference);
}

async function expectUnauthorized(machine: Machine, reference: string, pod?: Pod): Promise<void> {
  const said = await pull(machine, reference, pod).catch((error: unknown) => String(error));
  assert.match(said, /unauthorized|authorization failed|denied|not valid/i);
}

suite.test("pulls with the node's identity if HOME is not set", async (scene) => {
  const { home, account, stored, tokenRequests } = scene;
  const { reference } = await scene.seed('us.icr.io', account);
  await onMachine(scene, [], async (machine) => {
    await expectUnauthorized(machine, reference);
    // The command in the notes of `kubernetes config`. It changes /etc, which the namespace protects.
    const env = 'DOCKER_CREDENTIAL_ICR_CONFIG_DIR=/etc/docker-credential-icr';
    const login = [helper, 'login', '--api-key-stdin', '--identity', 'node', 'us.icr.io'];
    await home.succeed(['env', env, ...login], account.addKey());
    tokenRequests();
    assert.is(await pull(machine, reference), stored(reference)?.config);
    assert.equal(userNames(tokenRequests()), ['iamapikey']);
    await home.succeed(['env', env, helper, 'logout', 'us.icr.io']);
  });
});

suite.test('pulls as the trusted profile of a pod, and fails for other pods', async (scene) => {
  const { account, stored, tokenRequests } = scene;
  const { reference } = await scene.seed('us.icr.io', account);
  await onMachine(scene, ['--service-accounts'], async (machine) => {
    const { cluster } = machine;
    const profile = cluster.addProfileIn(account.accountId, 'shop:web');
    const stranger = cluster.addProfile('other:web');
    const mine = cluster.addPod('shop:web', profile);
    await expectUnauthorized(machine, reference, cluster.addPod('other:web', stranger));
    await expectUnauthorized(machine, reference, cluster.addPod('other:web', profile));
    await expectUnauthorized(machine, reference, cluster.addPod('shop:plain'));
    tokenRequests();
    assert.is(await pull(machine, reference, mine), stored(reference)?.config);
    assert.equal(userNames(tokenRequests()), ['iambearer']);
  });
});

suite.test('pulls with the Secret that kubernetes secret prints', async (scene) => {
  const { home, account, stored } = scene;
  await loginWithHelper(home, account.addKey());
  const { reference } = await scene.seed('de.icr.io', account);
  for (const more of [[], ['--bearer']]) {
    const words = [helper, 'kubernetes', 'secret', 'icr', '--host', 'de.icr.io', ...more];
    const { stdout } = await home.succeed(words);
    const data = /dockerconfigjson: (\S+)$/m.exec(stdout)?.[1] ?? '';
    const { auths } = JSON.parse(Buffer.from(data, 'base64').toString());
    const runtime = connectRuntime(home.env.CONTAINERD_ADDRESS ?? '');
    try {
      const { username, password } = auths['de.icr.io'];
      const pulled = await runtime.pullImage(reference, { username, password });
      assert.is(pulled, stored(reference)?.config);
    } finally {
      runtime.close();
    }
  }
});

suite.run();
