import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { compile } from '../../scripts/build.ts';
import { root } from '../../scripts/package/stamp.ts';
import { sandboxSuite } from '../sandbox/suite.ts';
import { bundle } from '../support/bundle.ts';

// The variables that redirect requests depend on the runtime, so each case is a process.

const test = sandboxSuite('environment of requests');
const program = path.join(import.meta.dirname, 'iam-network-ask.ts');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-environment-'));
const compiled = path.join(folder, 'ask');
const forNode = path.join(folder, 'ask.mjs');
const keyLog = path.join(folder, 'keys.log');
const apiKey = 'canary-key-of-the-environment';

/** The installed Node executables, from `npm ci --prefix packaging/node`. */
const nodes = [22, 24, 26]
  .map((major) => path.join(root, `packaging/node/node_modules/node${major}-linux-x64/bin/node`))
  .filter((file) => fs.existsSync(file));
const runtimes: readonly (readonly [name: string, command: readonly string[]])[] = [
  ['from source', [process.execPath, bundle(program)]],
  ['compiled', [compiled]],
  ...nodes.map((file) => [file.replace(/.*(node\d+).*/, '$1'), [file, forNode]] as const),
];

let proxyHeard = '';
const proxy = net.createServer((client) => {
  client.on('error', () => {});
  client.on('data', (chunk) => {
    proxyHeard += chunk;
    client.end('HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n');
  });
});
let directHeard: string[] = [];
const direct = http.createServer(({ url = '' }, response) => {
  directHeard.push(url.replace(/\?.*/, ''));
  response.writeHead(400, { 'Content-Type': 'application/json' }).end('{"errorMessage":"heard"}');
});

function urlOf(server: net.Server): string {
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
}

test.before(async () => {
  compile(program, compiled);
  execFileSync(process.execPath, ['build', program, '--target=node', `--outfile=${forNode}`]);
  for (const server of [proxy, direct]) await once(server.listen(0, '127.0.0.1'), 'listening');
});
test.after(() => {
  proxy.close();
  direct.close();
  fs.rmSync(folder, { recursive: true });
});
test.before.each(() => {
  proxyHeard = '';
  directHeard = [];
});

async function ask([file = '', ...words]: readonly string[], what: string, env: object) {
  const child = spawn(file, [...words, what, '10000'], {
    env: { ...env },
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await once(child, 'close');
  return said;
}

type Env = Readonly<Record<string, string>>;

/** Variables from which programs and runtimes read a proxy. `PROXY` is replaced by the address of a real one. */
const plain: Env = {
  HTTP_PROXY: 'PROXY',
  http_proxy: 'PROXY',
  ALL_PROXY: 'PROXY',
  all_proxy: 'PROXY',
  npm_config_proxy: 'PROXY',
  npm_config_http_proxy: 'PROXY',
  npm_config_https_proxy: 'PROXY',
  GLOBAL_AGENT_HTTP_PROXY: 'PROXY',
  CGI_HTTP_PROXY: 'PROXY',
  BUN_CONFIG_HTTP_PROXY: 'PROXY',
  BUN_CONFIG_REGISTRY: 'PROXY',
};
const secure: Env = { HTTPS_PROXY: 'PROXY', https_proxy: 'PROXY', NO_PROXY: 'nothing.example' };
const proxies: readonly (readonly [name: string, env: Env])[] = [
  ['every variable that names a proxy', { ...plain, ...secure }],
  ['NODE_USE_ENV_PROXY=1', { NODE_USE_ENV_PROXY: '1', ...plain }],
  ['NODE_USE_ENV_PROXY=1 and HTTPS_PROXY', { NODE_USE_ENV_PROXY: '1', ...plain, ...secure }],
  ['--use-env-proxy', { NODE_OPTIONS: '--use-env-proxy', ...plain, ...secure }],
];

for (const [runtime, command] of runtimes) {
  for (const [name, row] of proxies) {
    test(`${runtime}: ${name}: sends no request for this machine to a proxy`, async ({
      sandbox,
    }) => {
      const all = Object.entries(row).map(([variable, value]) => [
        variable,
        value.replace('PROXY', urlOf(proxy)),
      ]);
      const env = Object.fromEntries(all);
      const near = {
        ...env,
        IBMCLOUD_IAM_API_ENDPOINT: urlOf(direct),
        DOCKER_CREDENTIAL_ICR_METADATA_ADDRESS: urlOf(direct),
      };
      assert.match(await ask(command, apiKey, near), /heard/);
      assert.match(await ask(command, 'metadata', near), /heard/);
      assert.equal(directHeard, [
        '/identity/token',
        '/identity/v1/token',
        '/identity/v1/token',
        '/instance_identity/v1/token',
      ]);
      const cloud = { IBMCLOUD_IAM_API_ENDPOINT: sandbox.iamUrl, SSL_CERT_FILE: sandbox.caFile };
      assert.match(await ask(command, apiKey, { ...env, ...cloud }), /refused the key/);
      assert.is(proxyHeard, '');
    });
  }

  test(`${runtime}: uses only HTTPS_PROXY for IAM, and requires a tunnel`, async () => {
    const iam = { IBMCLOUD_IAM_API_ENDPOINT: 'https://iam.invalid', NODE_USE_ENV_PROXY: '1' };
    const url = urlOf(proxy);
    const others = { HTTP_PROXY: url, http_proxy: url, ALL_PROXY: url, all_proxy: url };
    await ask(command, apiKey, { ...iam, ...others });
    assert.is(proxyHeard, '');
    await ask(command, apiKey, { ...iam, HTTPS_PROXY: url });
    assert.match(proxyHeard, /^CONNECT iam\.invalid:443 /);
    assert.not.match(proxyHeard, /canary|apikey/);
  });

  test(`${runtime}: no environment variable disables TLS checks or logs keys`, async (given) => {
    const { iamUrl, caFile } = given.sandbox;
    const iam = { IBMCLOUD_IAM_API_ENDPOINT: iamUrl, SSLKEYLOGFILE: keyLog };
    for (const row of [
      { NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_NO_WARNINGS: '1' },
      { npm_config_strict_ssl: 'false', npm_config_cafile: caFile, npm_config_ca: caFile },
      { GIT_SSL_NO_VERIFY: '1', CURL_CA_BUNDLE: caFile, REQUESTS_CA_BUNDLE: caFile },
      { BUN_CONFIG_CAFILE: caFile, BUN_CA_BUNDLE_PATH: caFile, PYTHONHTTPSVERIFY: '0' },
    ]) {
      const said = await ask(command, apiKey, { ...iam, ...row });
      assert.match(said, /its certificate is not trusted/, Object.keys(row).join());
    }
    await ask(command, apiKey, { ...iam, NODE_EXTRA_CA_CERTS: caFile });
    assert.not.ok(fs.existsSync(keyLog));
  });
}

test.run();
