import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import * as assert from 'uvu/assert';
import { compile } from '../../scripts/build.ts';
import { sandboxSuite } from '../sandbox/suite.ts';
import { bundle } from '../support/bundle.ts';
import { unsignedJwt } from '../support/jwt.ts';

// Certificates and proxies depend on the runtime and on its environment at startup, so
// each case is a process: from source, and compiled like the helper.

const network = sandboxSuite('connections to IAM');
const program = path.join(import.meta.dirname, 'iam-network-ask.ts');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'icr-network-'));
const executable = path.join(folder, 'ask');
const runtimes = [
  ['from source', [process.execPath, bundle(program)]],
  ['compiled', [executable]],
] as const;
const apiKey = 'canary-key-of-the-network';

let proxyReply = '';
let proxyHeard = '';
let tunnelPort = 0;
/** Responds to CONNECT with `proxyReply`, and connects every tunnel to the sandbox. */
const proxyServer = net.createServer((client) => {
  client.on('error', () => {});
  let head = '';
  const listen = (chunk: Buffer): void => {
    proxyHeard += chunk;
    head += chunk;
    if (!head.includes('\r\n\r\n')) return;
    if (proxyReply === '') {
      client.destroy();
    } else if (!proxyReply.includes(' 200 ')) {
      client.write(proxyReply);
    } else {
      client.off('data', listen);
      tunnel(client);
    }
  };
  client.on('data', listen);
});

function tunnel(client: net.Socket): void {
  const upstream = net.connect(tunnelPort, '127.0.0.1', () => client.write(proxyReply));
  upstream.on('error', () => client.destroy());
  upstream.pipe(client).pipe(upstream);
}

network.before(async ({ sandbox }) => {
  compile(program, executable);
  proxyServer.listen(0, '127.0.0.1');
  await once(proxyServer, 'listening');
  tunnelPort = Number(new URL(sandbox.iamUrl).port);
  sandbox.accounts.addApiKey({ value: apiKey });
  fs.mkdirSync(path.join(folder, 'certificates'));
  fs.copyFileSync(sandbox.caFile, path.join(folder, 'certificates', 'ca.pem'));
});
network.after(() => {
  proxyServer.close();
  fs.rmSync(folder, { recursive: true });
});
network.before.each(() => {
  proxyReply = 'HTTP/1.1 200 Connection established\r\n\r\n';
  proxyHeard = '';
});

function proxyUrl(user = ''): string {
  const address = proxyServer.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return `http://${user}127.0.0.1:${port}`;
}

const limitMs = 10_000;
/** These requests are retried until the limit; a busy machine needs most of it for the first. */
const retryLimitMs = 3000;

async function ask(
  command: readonly string[],
  env: Record<string, string>,
  limit = limitMs,
): Promise<string> {
  const [file = '', ...words] = command;
  const child = spawn(file, [...words, apiKey, String(limit)], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  await once(child, 'close');
  assert.not.match(said, /canary/);
  return said;
}

const untrusted = /^cannot reach IAM at \S+: its certificate is not trusted \(UNABLE_TO_\w+\)/;

for (const [runtime, command] of runtimes) {
  network(`${runtime}: trusts the CA from each supported environment variable`, async (given) => {
    const { iamUrl: IBMCLOUD_IAM_API_ENDPOINT, caFile } = given.sandbox;
    const ways: readonly Record<string, string>[] = [
      { NODE_EXTRA_CA_CERTS: caFile },
      { SSL_CERT_FILE: caFile },
      { SSL_CERT_DIR: path.join(folder, 'certificates') },
      { SSL_CERT_FILE: caFile, NODE_EXTRA_CA_CERTS: '/nonexistent' },
    ];
    for (const way of ways) {
      const said = await ask(command, { IBMCLOUD_IAM_API_ENDPOINT, ...way });
      assert.is(said, 'granted', Object.keys(way).join());
    }
  });

  network(`${runtime}: trusts no other CA in any environment`, async ({ sandbox }) => {
    const { iamUrl: IBMCLOUD_IAM_API_ENDPOINT } = sandbox;
    for (const value of ['', '0']) {
      const env = { IBMCLOUD_IAM_API_ENDPOINT, NODE_TLS_REJECT_UNAUTHORIZED: value };
      assert.match(await ask(command, env), untrusted);
    }
    const tunnelled = { HTTPS_PROXY: proxyUrl(), NODE_TLS_REJECT_UNAUTHORIZED: '0' };
    assert.match(await ask(command, tunnelled), untrusted);
    assert.match(proxyHeard, /^CONNECT /);
    assert.is(sandbox.requests.count({ service: 'iam' }), 0);
  });

  network(`${runtime}: refuses a certificate for another host`, async ({ sandbox }) => {
    const env = {
      IBMCLOUD_IAM_API_ENDPOINT: 'https://iam.other.example',
      HTTPS_PROXY: proxyUrl(),
      NODE_EXTRA_CA_CERTS: sandbox.caFile,
    };
    assert.match(await ask(command, env), /not trusted \(ERR_TLS_CERT_ALTNAME_INVALID\)/);
  });

  network(`${runtime}: tunnels through HTTPS_PROXY with the password`, async ({ sandbox }) => {
    for (const name of ['HTTPS_PROXY', 'https_proxy']) {
      proxyHeard = '';
      const env = { [name]: proxyUrl('me:can%40ary@'), NODE_EXTRA_CA_CERTS: sandbox.caFile };
      assert.is(await ask(command, env), 'granted');
      assert.match(proxyHeard, /^CONNECT iam\.cloud\.ibm\.com:443 HTTP\/1\.1\r\n/);
      assert.ok(proxyHeard.includes(`Basic ${btoa('me:can@ary')}`), proxyHeard);
    }
  });

  network(`${runtime}: bypasses the proxy for NO_PROXY and for this machine`, async (given) => {
    const { iamUrl, caFile } = given.sandbox;
    const env = { HTTPS_PROXY: proxyUrl(), NODE_EXTRA_CA_CERTS: caFile };
    const exempt = {
      IBMCLOUD_IAM_API_ENDPOINT: 'https://iam.invalid',
      NO_PROXY: 'a.example,.invalid',
    };
    assert.match(
      await ask(command, { ...env, ...exempt }),
      /^cannot reach IAM at iam\.invalid: .+; (check .* or set HTTPS_PROXY|try again)/,
    );
    const local = { IBMCLOUD_IAM_API_ENDPOINT: iamUrl };
    assert.is(await ask(command, { ...env, ...local }), 'granted');
    assert.is(proxyHeard, '');
  });

  network(`${runtime}: sends no secret to a proxy that refuses the tunnel`, async ({ sandbox }) => {
    const env = { HTTPS_PROXY: proxyUrl(), NODE_EXTRA_CA_CERTS: sandbox.caFile };
    const replies = [
      [
        'HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n',
        /^the proxy .* requires a password; set HTTPS_PROXY/,
        limitMs,
      ],
      [
        'HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\nno\n',
        /: status 403 instead of a tunnel through/,
        limitMs,
      ],
      [
        'HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n',
        /: status 502 .*; try again later$/,
        retryLimitMs,
      ],
      ['nonsense\r\n\r\n', /^(cannot reach )?IAM at iam\.cloud\.ibm\.com/, retryLimitMs],
      [
        '',
        /^IAM at iam\.cloud\.ibm\.com did not answer in time through the proxy 127\.0\.0\.1:\d+/,
        retryLimitMs,
      ],
    ] as const;
    for (const [reply, expected, limit] of replies) {
      proxyReply = reply;
      proxyHeard = '';
      assert.match(await ask(command, env, limit), expected);
      assert.match(proxyHeard, /^CONNECT /);
      assert.not.match(proxyHeard, /canary|apikey/);
    }
  });

  network(
    `${runtime}: takes nothing that the proxy itself writes for an answer of IAM`,
    async () => {
      const expires_in = 3600;
      const expiration = Math.floor(Date.now() / 1000) + expires_in;
      const body = JSON.stringify({
        ...{ access_token: unsignedJwt({}), token_type: 'Bearer', expires_in, expiration },
        ...{ errorCode: 'BXNIM0415E', errorMessage: 'canary and canary' },
      });
      for (const status of ['201 Created', '299 OK', '302 Found', '400 No', '404 No', '501 No']) {
        proxyReply = `HTTP/1.1 ${status}\r\nLocation: https://canary.example/\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
        const said = await ask(command, { HTTPS_PROXY: proxyUrl('me:canary@') });
        const expected = `status ${status.slice(0, 3)} instead of a tunnel through the proxy 127.0.0.1:`;
        assert.ok(said.includes(expected), said);
      }
    },
  );

  network(`${runtime}: names a proxy that is not there`, async () => {
    const env = { HTTPS_PROXY: 'http://me:canary@127.0.0.1:1' };
    assert.match(
      await ask(command, env, limitMs),
      /refused through the proxy 127\.0\.0\.1:1; check HTTPS_PROXY/,
    );
  });
}

network.run();
