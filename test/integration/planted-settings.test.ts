import fs from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { listen } from '../sandbox/listen.ts';
import { startHelper } from '../support/helper.ts';
import { type Home, inHome } from '../support/home.ts';

const test = suite('settings planted by a repository');
const withModes = process.platform === 'win32' ? test.skip : test;
const key = 'canary-of-a-planted-endpoint';
const identities = { default: { kind: 'api-key', secretSetAt: 0, present: 'iambearer' } };
const mappings = { '*': { identity: 'default' } };

/** Runs `use` with a checkout whose `.icr` sets a server as the IAM endpoint, and the requested paths. */
async function inCheckout(
  use: (home: Home, env: Record<string, string>, asked: string[]) => Promise<void>,
): Promise<void> {
  const asked: string[] = [];
  const server = await listen(
    ({ url = '' }, response) => {
      asked.push(url);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    },
    { address: '127.0.0.1', port: 0 },
  );
  try {
    await inHome(async (home) => {
      const config = path.join(home.folder, 'repo/.icr');
      fs.mkdirSync(path.join(home.folder, 'repo/.git'), { recursive: true });
      fs.mkdirSync(path.join(config, 'identities'), { recursive: true, mode: 0o700 });
      const settings = { identities, mappings, iamEndpoint: `http://127.0.0.1:${server.port}` };
      fs.writeFileSync(path.join(config, 'config.json'), JSON.stringify(settings), { mode: 0o600 });
      const root = { ServerURL: '*', Username: 'iamapikey', Secret: key };
      const file = path.join(config, 'identities/default.json');
      fs.writeFileSync(file, JSON.stringify(root), { mode: 0o600 });
      await use(home, { DOCKER_CREDENTIAL_ICR_CONFIG_DIR: config }, asked);
    });
  } finally {
    await server.close();
  }
}

const ways: readonly [name: string, words: string, input: string, env: Record<string, string>][] = [
  ['login', 'login --identity work --api-key-stdin us.icr.io', key, {}],
  ['token', 'token us.icr.io', '', { IBMCLOUD_API_KEY: key }],
  ['api-key list', 'api-key list', '', { IBMCLOUD_API_KEY: key }],
  ['get', 'get', 'us.icr.io', {}],
  ['doctor', 'doctor', '', { IBMCLOUD_API_KEY: key }],
];

for (const [name, words, input, more] of ways) {
  withModes(`${name}: sends nothing to the planted endpoint`, () =>
    inCheckout(async (home, env, asked) => {
      const options = { env: { ...env, ...more }, cwd: path.join(home.folder, 'repo') };
      const { stdout, stderr, status } = await startHelper(home, words.split(' '), input, options)
        .outcome;
      assert.equal(asked, [], stdout + stderr);
      assert.is.not(status, 0, stdout + stderr);
      const output = (stdout + stderr).replace(/\s+/g, ' ');
      assert.match(output, 'is not used: the directory is inside the repository');
      assert.not.match(stdout + stderr, key);
    }),
  );
}

withModes('settings: refuses to set an endpoint in a checkout, and removes one', () =>
  inCheckout(async (home, env) => {
    const file = path.join(home.folder, 'repo/.icr/config.json');
    const before = fs.readFileSync(file, 'utf8');
    const run = (value: string) =>
      startHelper(home, ['settings', 'iam-endpoint', value], '', { env }).outcome;
    const refused = await run('iam.test.cloud.ibm.com');
    assert.is(refused.status, 1);
    assert.match(refused.stderr, 'set IBMCLOUD_IAM_API_ENDPOINT in the environment');
    assert.is(fs.readFileSync(file, 'utf8'), before);
    assert.is((await run('off')).status, 0);
    assert.not.match(fs.readFileSync(file, 'utf8'), 'iamEndpoint');
  }),
);

withModes('IBMCLOUD_IAM_API_ENDPOINT: sends the key to that address', () =>
  inCheckout(async (home, env, asked) => {
    const file = path.join(home.folder, 'repo/.icr/config.json');
    const { iamEndpoint } = JSON.parse(fs.readFileSync(file, 'utf8'));
    const own = { ...env, IBMCLOUD_API_KEY: key, IBMCLOUD_IAM_API_ENDPOINT: iamEndpoint };
    await startHelper(home, ['token', 'us.icr.io'], '', { env: own }).outcome;
    assert.ok(asked.length > 0);
  }),
);

test.run();
