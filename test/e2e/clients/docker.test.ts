import fs from 'node:fs';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { testAccounts } from './account-tests.ts';
import { expectUnauthorized, helper, login, loginAgain, loginWithHelper, pull } from './client.ts';
import { clientSuite } from './client-suite.ts';
import { docker, forgetBuildTokens, useRegistry } from './docker-client.ts';
import type { Home } from './home.ts';
import { otherRegistry } from './hosts.ts';
import { testLongBuilds } from './long-build-tests.ts';
import { userNames } from './scene.ts';
import { withTwoAccounts } from './two-accounts.ts';

const programs = ['docker', 'dockerd', 'docker-registry'];

async function helperHas(home: Home, host: string): Promise<Record<string, string>> {
  return JSON.parse((await home.succeed([helper, 'get'], host)).stdout);
}

const plain = clientSuite('docker', programs, { dockerd: true, identityTokens: false });

plain.test("works with only the helper's login and configure", async (scene) => {
  const { home, account, iamRequests, tokenRequests } = scene;
  await loginWithHelper(home, account.addKey());
  assert.ok(iamRequests() > 0, 'IAM was not asked about the key');
  await docker.configure(home);
  await useRegistry(scene);
  assert.equal(userNames(tokenRequests()), ['iamapikey']);
});

plain.test('logs in, logs in again without input, and logs out', async (scene) => {
  const { home, account, tokenRequests } = scene;
  await docker.configure(home);
  await login(docker, home, 'us.icr.io', account.addKey());
  await loginAgain(docker, home, 'us.icr.io');
  const reference = await useRegistry(scene);
  assert.equal(userNames(tokenRequests()), ['iamapikey']);
  await home.succeed(['docker', 'logout', 'us.icr.io']);
  await expectUnauthorized(docker, home, reference);
  assert.equal(userNames(tokenRequests()), [undefined]);
  await home.fail([helper, 'get'], 'us.icr.io');
});

plain.test("logs out of one host after the helper's login", async (scene) => {
  const { home, account } = scene;
  await loginWithHelper(home, account.addKey());
  await docker.configure(home);
  const { reference } = await scene.seed('us.icr.io', account);
  await pull(docker, scene, reference);
  await home.succeed(['docker', 'logout', 'us.icr.io']);
  await expectUnauthorized(docker, home, reference);
  await pull(docker, scene, (await scene.seed('de.icr.io', account)).reference);
});

plain.test('pulls from a private host', async (scene) => {
  const { home, account } = scene;
  await loginWithHelper(home, account.addKey());
  await home.succeed([helper, 'configure', '--private']);
  const { reference } = await scene.seed('us.icr.io', account);
  await pull(docker, scene, `private.${reference}`);
});

for (const builder of ['BuildKit', 'the legacy builder']) {
  plain.test(`one build with ${builder} uses two accounts on one host`, (scene) =>
    withTwoAccounts(scene, async ([own, others]) => {
      const { home } = scene;
      const [first, second] = [own.reference, others.reference.replace('/', ':443/')];
      const copy = 'COPY --from=first /greeting /copied';
      home.write('two/Dockerfile', `FROM ${first} AS first\nFROM ${second}\n${copy}\n`);
      const env = `DOCKER_BUILDKIT=${builder === 'BuildKit' ? 1 : 0}`;
      const build = ['env', env, 'docker', 'build', '--network', 'host', '--pull', '--no-cache'];
      const [a, b] = [`icr-${own.identity}`, `icr-${others.identity}`];
      home.write('.docker/config.json', { credHelpers: { 'us.icr.io': b, 'us.icr.io:443': a } });
      await home.fail([...build, home.file('two')]);
      forgetBuildTokens(home);
      home.write('.docker/config.json', { credHelpers: { 'us.icr.io': a, 'us.icr.io:443': b } });
      await home.succeed([...build, home.file('two')]);
    }),
  );
}

plain.test("docker's library reads buildx's file of a repository", (scene) =>
  withTwoAccounts(scene, async ([own, others]) => {
    const { home } = scene;
    home.write('.docker/config.json', { credHelpers: { 'us.icr.io': `icr-${own.identity}` } });
    const repository = others.reference.replace(/:\w+$/, '');
    const folder = `.docker/buildx/config/${repository}`;
    const credHelpers = { 'us.icr.io': `icr-${others.identity}` };
    home.write(`${folder}/config.json`, { credHelpers });
    const pullAs = ['docker', '--config', home.file(folder), 'pull'];
    await home.succeed([...pullAs, others.reference]);
    await home.fail([...pullAs, own.reference]);
    await pull(docker, scene, own.reference);
  }),
);

plain.test('works with the helper as credsStore', async (scene) => {
  const { home, account } = scene;
  home.write('.docker/config.json', { credsStore: 'icr' });
  const hosts = ['us.icr.io', 'de.icr.io'];
  for (const host of hosts) await login(docker, home, host, account.addKey());
  const reference = await useRegistry(scene);
  await home.succeed(['docker', 'logout', 'us.icr.io']);
  await expectUnauthorized(docker, home, reference);
});

plain.test(
  'uses the previous credsStore for other registries after configure --creds-store',
  async (scene) => {
    const { home, account } = scene;
    // Outside the home directory, in which no client may store a secret.
    const folder = fs.mkdtempSync('/run/helpers-');
    const standIn = path.resolve(import.meta.dirname, '../../integration/store-stand-in.sh');
    const script = `#!/bin/sh\nexec '${standIn}' '${folder}' desktop "$@"\n`;
    fs.writeFileSync(path.join(folder, 'docker-credential-desktop'), script, { mode: 0o755 });
    home.env.PATH = `${folder}:${home.env.PATH}`;
    home.write('.docker/config.json', { credsStore: 'desktop' });
    await home.succeed([helper, 'configure', '--creds-store']);
    await loginWithHelper(home, account.addKey());
    const kept = path.join(folder, 'desktop', otherRegistry);
    await login(docker, home, otherRegistry, account.addKey());
    assert.ok(fs.existsSync(kept), 'the other helper has the credential');
    await home.succeed(['docker', 'pull', `${otherRegistry}/demo/hello:1`]);
    await useRegistry(scene);
    await home.succeed(['docker', 'logout', otherRegistry]);
    assert.not.ok(fs.existsSync(kept));
    await home.fail(['docker', 'pull', `${otherRegistry}/demo/hello:1`]);
  },
);

testAccounts(plain, docker);
testLongBuilds(plain);
plain.run();

const tokens = clientSuite('docker with identity tokens', programs, { dockerd: true });

tokens.test('logs in with a key, stores the identity token, and logs out', async (scene) => {
  const { home, account, addSecret, tokenRequests } = scene;
  await docker.configure(home);
  await login(docker, home, 'us.icr.io', account.addKey());
  const kept = await helperHas(home, 'us.icr.io');
  assert.is(kept.Username, '<token>');
  addSecret(kept.Secret ?? '');
  tokenRequests();
  const reference = await useRegistry(scene);
  // BuildKit first tries without a credential.
  const granted = tokenRequests().filter(({ status }) => status === 200);
  assert.equal([...new Set(granted.map(({ grant }) => grant))], ['refresh_token']);
  await home.succeed(['docker', 'logout', 'us.icr.io']);
  await expectUnauthorized(docker, home, reference);
});

tokens.test("does not replace the helper's login", async (scene) => {
  const { home, account } = scene;
  const key = account.addKey();
  await loginWithHelper(home, key);
  await docker.configure(home);
  for (const _ of [1, 2]) await loginAgain(docker, home, 'us.icr.io');
  const kept = await helperHas(home, 'us.icr.io');
  assert.equal(kept, { ServerURL: 'us.icr.io', Username: 'iamapikey', Secret: key });
  await useRegistry(scene);
});

tokens.run();
